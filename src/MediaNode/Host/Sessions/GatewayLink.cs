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

    /// <summary>False once the link is over.</summary>
    public bool Send(SignalResponse response) => Write(new SessionMessage { Response = response.ToByteString() });

    internal bool Opened(string participantSid, bool resumed) => Write(new SessionMessage { Opened = new SessionOpened { ParticipantSid = participantSid, Resumed = resumed } });

    internal void End(SessionEndReason reason)
    {
        Write(new SessionMessage { Ended = new SessionEnded { Reason = reason } });
        _messages.Writer.TryComplete();
    }

    private bool Write(SessionMessage message)
    {
        if (_messages.Writer.TryWrite(message)) return true;
        _messages.Writer.TryComplete();
        return false;
    }
}
