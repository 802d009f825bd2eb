namespace VideoScale.MediaNode.Host.Udp;

/// <summary>Messages of data channels since the start; written by the shard's thread alone.</summary>
public sealed class DataStatistics
{
    public long Received { get; internal set; }
    public long Sent { get; internal set; }
    /// <summary>Such that may be lost, for receivers that did not keep up.</summary>
    public long Dropped { get; internal set; }
    /// <summary>Receivers that fell behind by more than is kept for them, and begin anew.</summary>
    public long Overflows { get; internal set; }
}
