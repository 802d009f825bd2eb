using Google.Protobuf;
using Grpc.Core;
using VideoScale.V1;

namespace VideoScale.Gateway.Signalling;

/// <summary>Something that a session wants done.</summary>
internal abstract record SessionEffect
{
    /// <summary>Get a seat; answered by Granted or NotAdmitted.</summary>
    /// <param name="MayBeKept">One that was kept when the room changed hands does.</param>
    internal sealed record Admit(bool MayBeKept) : SessionEffect;

    /// <summary>Answered by CaughtUp.</summary>
    internal sealed record CatchUp : SessionEffect;

    /// <summary>Look where the room and the seat are; answered by RoomSeen.</summary>
    internal sealed record Look : SessionEffect;

    /// <summary>Open a stream to a node; answered by LineOpened or LineRefused. There is one at a time.</summary>
    internal sealed record OpenLine(int Line, string NodeAddress, OpenSession Open) : SessionEffect;

    /// <summary>Let the stream go, or the attempt to open it: nothing of it is heard any more.</summary>
    internal sealed record CloseLine(int Line) : SessionEffect;

    internal sealed record Send(int Line, GatewayMessage Message) : SessionEffect;

    /// <summary>The client has said all: the node ends the stream once that is done.</summary>
    internal sealed record CompleteLine(int Line) : SessionEffect;

    internal sealed record Tell(ByteString Response) : SessionEffect;

    /// <summary>Give the client a token that says what it is and may do by now.</summary>
    internal sealed record Refresh(SessionClaims Claims) : SessionEffect;

    /// <summary>Close the client's socket once it was told all.</summary>
    /// <param name="IsGoingAway">This gateway goes, and the client does well to come back through another.</param>
    internal sealed record Close(bool IsGoingAway) : SessionEffect;

    /// <summary>Let the client's socket go: it takes nothing any more and does not say that it is gone.</summary>
    internal sealed record Abort : SessionEffect;

    /// <summary>The session is over; nothing follows.</summary>
    internal sealed record End : SessionEffect;

    /// <summary>How the session stands whose client has no signalling; before it is told that it is back.</summary>
    internal sealed record NoteUnattended(UnattendedSession Session) : SessionEffect;

    /// <summary>The node has ended it.</summary>
    internal sealed record NoteEnded(SessionEndReason Reason) : SessionEffect;

    /// <param name="RetryAfter">When it is worth asking again; null when nothing is known of that.</param>
    internal sealed record NoteRefused(StatusCode Status, string Why, TimeSpan? RetryAfter) : SessionEffect;

    internal sealed record NoteRetried(string Why) : SessionEffect;

    internal sealed record NoteNotCarried(string Why) : SessionEffect;

    internal sealed record NoteMoved(ulong Epoch, string What) : SessionEffect;
}
