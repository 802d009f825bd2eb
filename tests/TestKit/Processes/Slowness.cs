using System.Globalization;

namespace VideoScale.TestKit.Processes;

/// <summary>How much slower than a quiet machine this one is now: work that waits or runs, per core. What bounds a wait follows it, so that a limit is one of work and not of hours.</summary>
public static class Slowness
{
    /// <summary>A machine that is slower than this is no machine to test on.</summary>
    private const double Most = 8;

    /// <summary>1 on a machine with time to spare.</summary>
    public static double Now => OperatingSystem.IsLinux() ? Of(File.ReadAllText("/proc/loadavg"), Environment.ProcessorCount) : 1;

    /// <summary>A limit made for a quiet machine, on the machine as it is now.</summary>
    public static TimeSpan Scale(TimeSpan limit) => limit * Now;

    /// <param name="loads">As in /proc/loadavg, whose first figure is of the last minute.</param>
    internal static double Of(string loads, int cores) => Math.Clamp(double.Parse(loads.AsSpan(0, loads.IndexOf(' ', StringComparison.Ordinal)), CultureInfo.InvariantCulture) / cores, 1, Most);
}
