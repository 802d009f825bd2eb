using Google.Protobuf;
using Grpc.Core;
using LiveKit.Proto;
using VideoScale.Gateway.Ports;
using VideoScale.Gateway.Rooms;
using VideoScale.V1;

namespace VideoScale.Gateway.Signalling;

/// <summary>Something that happened to a session.</summary>
internal abstract record SessionInput
{
    internal sealed record Granted(GrantedSeat Seat) : SessionInput;

    /// <param name="RetryAfter">Null when nothing is known of that.</param>
    internal sealed record NotAdmitted(StatusCode Status, string Why, TimeSpan? RetryAfter = null) : SessionInput;

    /// <summary>This replica has applied what the others had when it was asked, or has waited long enough for that.</summary>
    internal sealed record CaughtUp : SessionInput;

    /// <summary>The log has changed something of the room.</summary>
    internal sealed record RoomChanged : SessionInput;

    /// <summary>The answer to a look.</summary>
    internal sealed record RoomSeen(RoomPlace? Place) : SessionInput;

    internal sealed record LineOpened(int Line, string ParticipantSid, bool Acknowledges) : SessionInput;

    internal sealed record LineRefused(int Line, StatusCode Status, string Why) : SessionInput;

    /// <summary>A request was written to the stream; said where the node does not say what it has handled.</summary>
    internal sealed record LineSent(int Line, ulong Number) : SessionInput;

    internal sealed record NodeSaid(int Line, SessionMessage Message) : SessionInput;

    /// <summary>The stream ended, or broke; the last that comes of it.</summary>
    internal sealed record LineEnded(int Line) : SessionInput;

    internal sealed record ClientSaid(SignalRequest.MessageOneofCase Kind, ByteString Octets) : SessionInput;

    /// <summary>Nothing more comes of the client.</summary>
    /// <param name="IsUnanswering">It was given up, since it does not answer WebSocket's pings.</param>
    internal sealed record ClientClosed(bool IsUnanswering) : SessionInput;

    /// <summary>Nothing reaches the client any more; it may have said something before.</summary>
    internal sealed record ClientUnreachable : SessionInput;

    /// <summary>This gateway goes.</summary>
    internal sealed record GatewayStopping : SessionInput;

    /// <param name="ClientIsQuiet">A client that sends pings has sent nothing for as long as it was told would make it lost.</param>
    internal sealed record TimePassed(bool ClientIsQuiet) : SessionInput;
}
