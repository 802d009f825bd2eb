namespace VideoScale.Consensus.Engine.Wal;

public sealed record WalOptions
{
    /// <summary>Size of a segment file. Larger writes get a larger segment of their own.</summary>
    public int SegmentBytes { get; init; } = 64 << 20;

    /// <summary>The first segment of a new log: small, so that a new replica starts without waiting for zeros to reach the disk.</summary>
    public int FirstSegmentBytes { get; init; } = 4 << 20;

    /// <summary>Zero-filled segments kept ready. Each costs <see cref="SegmentBytes"/> of disk.</summary>
    public int SpareSegments { get; init; } = 1;

    /// <summary>Bytes that may wait for the disk; when it is reached, whoever appends waits.</summary>
    public int MaxStagedBytes { get; init; } = 64 << 20;

    /// <summary>Largest payload of one entry.</summary>
    public int MaxPayloadBytes { get; init; } = 16 << 20;
}
