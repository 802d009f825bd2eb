using VideoScale.MediaNode.DataChannels;

namespace VideoScale.MediaNode.Host.Sessions;

/// <summary>A numbered reliable message that passed through the room.</summary>
internal sealed record PassedMessage(string SenderSid, DataMessage Message, byte[] Octets, long AtMs);

/// <summary>The latest numbered messages of a room, for those who come back and say what they had.</summary>
internal sealed class RecentMessages
{
    /// <summary>
    /// A client that comes back has been away for about as long; what it has not had then was on its way when its connection broke.
    /// </summary>
    private const long KeptMs = 5_000;
    private const int MaxOctets = 512 << 10;
    private readonly Queue<PassedMessage> _messages = new();
    private int _octets;

    internal void Add(PassedMessage message)
    {
        _messages.Enqueue(message);
        _octets += message.Octets.Length;
        while (_octets > MaxOctets || (_messages.TryPeek(out var oldest) && message.AtMs - oldest.AtMs > KeptMs))
            _octets -= _messages.Dequeue().Octets.Length;
    }

    /// <param name="had">The last number that somebody had of each sender.</param>
    internal IEnumerable<PassedMessage> After(IReadOnlyDictionary<string, uint> had, long nowMs) => _messages.Where(message =>
        nowMs - message.AtMs <= KeptMs && message.Message.Sequence > had.GetValueOrDefault(message.SenderSid));
}
