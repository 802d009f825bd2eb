using VideoScale.Platform;

namespace VideoScale.MediaNode.Host.Time;

/// <summary>Nanoseconds since boot, time in suspend included; leases are counted on it.</summary>
public interface IBootClock
{
    long NowNs { get; }
}

/// <summary>This machine's own.</summary>
public sealed class BootClock : IBootClock
{
    public long NowNs => BootTime.NowNs;
}
