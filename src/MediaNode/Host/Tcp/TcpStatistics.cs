using VideoScale.MediaNode.Tcp;

namespace VideoScale.MediaNode.Host.Tcp;

/// <summary>Connections of one shard's peers since the start; written by the shard's thread alone.</summary>
public sealed class TcpStatistics
{
    /// <summary>That are open now.</summary>
    public long Open { get; internal set; }
    /// <summary>That were queued for receivers and not taken by the kernel, as last looked at.</summary>
    public long WaitingOctets { get; internal set; }
    /// <summary>Whose first check was their peer's.</summary>
    public long Taken { get; internal set; }
    /// <summary>Whose first check was nobody's.</summary>
    public long Refused { get; internal set; }
    /// <summary>Ended here because nobody read what was sent, or nothing came, or a peer had too many.</summary>
    public long Abandoned { get; internal set; }
    public QueueDrops Drops { get; } = new();
}
