using System.Threading.Channels;
using Google.Protobuf;
using LiveKit.Proto;
using VideoScale.V1;

namespace VideoScale.MediaNode.Host.Sessions;

/// <summary>
/// The way to a session's client: messages for its gateway, bounded. A gateway that does not take them loses the session's signalling, not
/// its media.
/// </summary>
public sealed class GatewayLink
{
    /// <summary>A large room's joins in a burst; what is more has stopped reading.</summary>
    private const int MostWaiting = 4_096;

    private readonly UnsureAnswers _unsure = new();
    private readonly Channel<SessionMessage> _messages =
        Channel.CreateBounded<SessionMessage>(new BoundedChannelOptions(MostWaiting) { SingleReader = true });

    public ChannelReader<SessionMessage> Messages => _messages.Reader;

    /// <summary>A message as it is sent; packed once for all who get it.</summary>
    internal static SessionMessage Pack(SignalResponse response) => new() { Response = response.ToByteString() };

    /// <summary>What its gateway has not had, by its own count.</summary>
    internal IReadOnlyList<SessionMessage> After(ulong received) => _unsure.After(received);

    /// <summary>Messages are counted over all streams of one connection: this one goes on where the gateway's count stands.</summary>
    internal void CountFrom(ulong received) => _unsure.CountFrom(received);

    /// <summary>What was sent so long ago has arrived, or this stream would be known to be broken.</summary>
    internal void Forget(long nowMs) => _unsure.Forget(nowMs);

    /// <summary>False once the link is over.</summary>
    public bool Send(SignalResponse response) => Send(Pack(response), UnsureAnswers.Keeps(response));

    /// <summary>Opens the stream, and is not counted.</summary>
    internal bool Opened(string participantSid, bool resumed)
    {
        var opened = new SessionOpened { ParticipantSid = participantSid, Resumed = resumed, Acknowledges = true };
        return _messages.Writer.TryWrite(new SessionMessage { Opened = opened });
    }

    internal void End(SessionEndReason reason)
    {
        Send(new SessionMessage { Ended = new SessionEnded { Reason = reason } });
        Complete();
    }

    /// <summary>Nothing more is sent; what waits still is.</summary>
    internal void Complete() => _messages.Writer.TryComplete();

    internal bool Send(SessionMessage message, bool isAnswer = false)
    {
        if (_messages.Writer.TryWrite(message))
        {
            _unsure.Sent(message, isAnswer, Environment.TickCount64);
            return true;
        }
        _messages.Writer.TryComplete();
        return false;
    }
}
