namespace VideoScale.MediaNode.Host.Udp;

/// <summary>
/// Messages of one peer that its shard has handed out and nobody has handled yet. While there are too many the shard takes no more, so the
/// peer's window closes and it waits for itself.
/// </summary>
public sealed class DataBacklog
{
    private const int MaxMessages = 256;
    private const int MaxOctets = 1 << 20;
    private int _messages, _octets;

    internal bool HasRoom => Volatile.Read(ref _messages) < MaxMessages && Volatile.Read(ref _octets) < MaxOctets;

    internal void Add(int octets)
    {
        Interlocked.Increment(ref _messages);
        Interlocked.Add(ref _octets, octets);
    }

    /// <summary>From any thread.</summary>
    internal void Done(int octets)
    {
        Interlocked.Decrement(ref _messages);
        Interlocked.Add(ref _octets, -octets);
    }
}
