using LiveKit.Proto;
using VideoScale.V1;
using Case = LiveKit.Proto.SignalResponse.MessageOneofCase;

namespace VideoScale.MediaNode.Host.Sessions;

/// <summary>
/// What a client was answered lately, by its place among all messages to its gateway. When the stream to the gateway breaks, the client
/// was never away and asks nothing again: the answers that were lost with the stream are sent once more. What everyone is told is not
/// among them, for whoever takes the session up is told how everything stands.
/// </summary>
internal sealed class UnsureAnswers
{
    private const int MostKept = 256, MostKeptBytes = 1 << 20;
    /// <summary>Longer than it takes to find a stream broken.</summary>
    internal const long KeepMs = 60_000;

    private readonly Queue<(ulong Ordinal, SessionMessage Message, long AtMs)> _kept = new();
    private long _keptBytes;
    private ulong _sent;

    internal static bool Keeps(SignalResponse response) => response.MessageCase
        is Case.Answer or Case.Offer or Case.RequestResponse or Case.SubscriptionResponse or Case.TrackPublished or Case.TrackUnpublished
            or Case.MediaSectionsRequirement;

    internal void CountFrom(ulong received) => _sent = received;

    internal void Sent(SessionMessage message, bool isAnswer, long nowMs)
    {
        _sent++;
        if (!isAnswer) return;
        _kept.Enqueue((_sent, message, nowMs));
        _keptBytes += message.Response.Length;
        while (_kept.Count > MostKept || _keptBytes > MostKeptBytes) Drop();
    }

    internal void Forget(long nowMs)
    {
        while (_kept.TryPeek(out var oldest) && nowMs - oldest.AtMs > KeepMs) Drop();
    }

    internal IReadOnlyList<SessionMessage> After(ulong received) =>
        [.. _kept.Where(kept => kept.Ordinal > received).Select(kept => kept.Message)];

    private void Drop() => _keptBytes -= _kept.Dequeue().Message.Response.Length;
}
