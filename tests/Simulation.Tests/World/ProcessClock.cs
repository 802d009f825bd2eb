namespace VideoScale.Simulation.World;

/// <summary>The clocks of one process. The boot clock runs a little fast or slow but never jumps; the wall clock jumps too.</summary>
internal sealed class ProcessClock(int driftPpm, long bootOffsetNs)
{
    public const long EpochMs = 1_767_225_600_000; // 2026-01-01T00:00:00Z

    /// <summary>What the wall clock is off by, milliseconds.</summary>
    public long WallStepMs { get; set; }

    /// <summary>Whether it says about what time it is.</summary>
    public bool IsRight => Math.Abs(WallStepMs) <= 500;

    public long BootNs(long trueUs) => bootOffsetNs + trueUs * 1000 + trueUs * driftPpm / 1000;
    public long BootMs(long trueUs) => BootNs(trueUs) / 1_000_000;
    public long WallMs(long trueUs) => EpochMs + trueUs / 1000 + trueUs / 1000 * driftPpm / 1_000_000 + WallStepMs;

    /// <summary>True time that passes while this boot clock moves by so much.</summary>
    public long TrueUs(long localUs) => localUs - localUs * driftPpm / 1_000_000;
}
