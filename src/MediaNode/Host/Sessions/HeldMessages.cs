namespace VideoScale.MediaNode.Host.Sessions;

/// <summary>Reliable messages for somebody whose channel is not open yet, the latest of them up to a bound.</summary>
internal sealed class HeldMessages
{
    /// <summary>As much as LiveKit's own server keeps for a newcomer.</summary>
    internal const int MaxOctets = 100_000;
    private readonly Queue<byte[]> _held = new();
    private int _octets;

    internal void Add(byte[] message)
    {
        _held.Enqueue(message);
        _octets += message.Length;
        while (_octets > MaxOctets) _octets -= _held.Dequeue().Length;
    }

    internal IReadOnlyList<byte[]> TakeAll()
    {
        byte[][] all = [.. _held];
        _held.Clear();
        _octets = 0;
        return all;
    }
}
