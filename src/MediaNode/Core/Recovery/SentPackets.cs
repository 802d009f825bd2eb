namespace VideoScale.MediaNode.Recovery;

/// <summary>How one packet went to one subscriber: enough to make it again from the publisher's history.</summary>
public struct SentPacket
{
    public long Output;
    public long Input;
    public long RepeatedUs;
    public uint Timestamp;
    public int PictureId;
    public int Tl0PictureIndex;
    public int Layer;
    public int Repeats;
}

/// <summary>The last packets sent to one subscriber, by the sequence number it knows.</summary>
public sealed class SentPackets
{
    private const int Capacity = 1024;
    /// <summary>A repeated request within this time crossed the answer on its way (LiveKit: 100 ms, at most 3 answers).</summary>
    public const long IgnoreRepeatUs = 100_000;
    public const int MaxRepeats = 3;

    private readonly SentPacket[] _packets = new SentPacket[Capacity];

    public void Add(in SentPacket packet) => _packets[packet.Output % Capacity] = packet;

    /// <summary>
    /// Finds the packet of a request and counts the repeat; false when it is not kept, or was repeated just now or often enough.
    /// </summary>
    public bool TryRepeat(long output, long nowUs, out SentPacket packet)
    {
        ref var found = ref _packets[output % Capacity];
        packet = found;
        if (found.Output != output || output == 0 || found.Repeats >= MaxRepeats) return false;
        if (found.Repeats > 0 && nowUs - found.RepeatedUs < IgnoreRepeatUs) return false;
        found.Repeats++;
        found.RepeatedUs = nowUs;
        return true;
    }
}
