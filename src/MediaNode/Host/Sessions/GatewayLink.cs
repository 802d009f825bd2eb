using System.Threading.Channels;
using Google.Protobuf;
using LiveKit.Proto;
using VideoScale.V1;

namespace VideoScale.MediaNode.Host.Sessions;

/// <summary>The way to a session's client: messages for its gateway, bounded. A gateway that does not take them loses the session's signalling, not its media.</summary>
public sealed class GatewayLink
{
    /// <summary>A large room's joins in a burst; what is more has stopped reading.</summary>
    private const int MostWaiting = 4_096;

    private readonly Channel<SessionMessage> _messages = Channel.CreateBounded<SessionMessage>(new BoundedChannelOptions(MostWaiting) { SingleReader = true });

    public ChannelReader<SessionMessage> Messages => _messages.Reader;

    /// <summary>A message as it is sent; packed once for all who get it.</summary>
    internal static SessionMessage Pack(SignalResponse response) => new() { Response = response.ToByteString() };

    /// <summary>False once the link is over.</summary>
    public bool Send(SignalResponse response) => Send(Pack(response));

    internal bool Opened(string participantSid, bool resumed) => Send(new SessionMessage { Opened = new SessionOpened { ParticipantSid = participantSid, Resumed = resumed, Acknowledges = true } });

    internal void End(SessionEndReason reason)
    {
        Send(new SessionMessage { Ended = new SessionEnded { Reason = reason } });
        Complete();
    }

    /// <summary>Nothing more is sent; what waits still is.</summary>
    internal void Complete() => _messages.Writer.TryComplete();

    internal bool Send(SessionMessage message)
    {
        if (_messages.Writer.TryWrite(message)) return true;
        _messages.Writer.TryComplete();
        return false;
    }
}
