namespace VideoScale.MediaNode.Quality;

/// <summary>One published layer as it arrives; counters since its start.</summary>
public sealed record LayerStatistics
{
    public required string Rid { get; init; }
    public required uint Ssrc { get; init; }
    /// <summary>Of its retransmissions; 0 while none was seen.</summary>
    public uint RtxSsrc { get; init; }
    public long Packets { get; init; }
    public long Octets { get; init; }
    public long BitsPerSecond { get; init; }
    /// <summary>Expected and not there, after recovery.</summary>
    public long Lost { get; init; }
    /// <summary>The same before recovery: what the way from the publisher lost.</summary>
    public long LostOnTheWay { get; init; }
    public double JitterMs { get; init; }
    public long Duplicates { get; init; }
    public long NacksSent { get; init; }
    public long Recovered { get; init; }
    public long GivenUp { get; init; }
    public long RetransmissionsReceived { get; init; }
    public long KeyframesAsked { get; init; }
    /// <summary>From the first request for a packet to its coming, smoothed; 0 before any.</summary>
    public double RoundTripMs { get; init; }
    public long Frames { get; init; }
    public long KeyFrames { get; init; }
    public double FramesPerSecond { get; init; }
    public int Width { get; init; }
    public int Height { get; init; }
    public int ResolutionChanges { get; init; }
    public long Freezes { get; init; }
    public double FrozenMs { get; init; }
    public long AudioGaps { get; init; }
}

/// <summary>One subscription as it is sent and as its receiver reports it; counters since its start.</summary>
public sealed record SubscriptionStatistics
{
    /// <summary>-1 when nothing is forwarded.</summary>
    public int Layer { get; init; }
    /// <summary>Sent.</summary>
    public long Packets { get; init; }
    /// <summary>Packets that were for this subscriber and were not sent.</summary>
    public long NotSent { get; init; }
    public long Octets { get; init; }
    /// <summary>Of the last receiver report, 0 to 1.</summary>
    public double FractionLost { get; init; }
    /// <summary>Packets the receiver has reported on, and those of them lost, before repair.</summary>
    public long ReportedExpected { get; init; }
    public double ReportedLost { get; init; }
    public double JitterMs { get; init; }
    /// <summary>0 before the first receiver report that answers a sender report of ours.</summary>
    public double RoundTripMs { get; init; }
    public long NacksReceived { get; init; }
    public long Retransmissions { get; init; }
    public long KeyframesAsked { get; init; }
    public long LayerSwitches { get; init; }
    public double FramesPerSecond { get; init; }
    public int Width { get; init; }
    public int Height { get; init; }
    public int ResolutionChanges { get; init; }
    public long Freezes { get; init; }
    public double FrozenMs { get; init; }
}
