using System.Globalization;

namespace VideoScale.Harness.Processes;

/// <summary>
/// How much slower than a quiet machine this one is now: work that waits or runs, per core. What bounds a wait follows it, so that a limit
/// is one of work and not of hours.
/// </summary>
public static class Slowness
{
    /// <summary>
    /// A machine that is slower than this is no machine to test on; the longest limit, so much longer, still ends before the runner takes
    /// the test for hung.
    /// </summary>
    private const double Most = 4;

    /// <summary>1 on a machine with time to spare.</summary>
    public static double Now => OperatingSystem.IsLinux() ? Math.Clamp(LoadOfLastMinute / Environment.ProcessorCount, 1, Most) : 1;

    /// <summary>So slow that whoever does nothing wrong may be late.</summary>
    public static bool IsTooMuch => OperatingSystem.IsLinux() && LoadOfLastMinute / Environment.ProcessorCount > Most;

    /// <summary>A limit made for a quiet machine, on the machine as it is now.</summary>
    public static TimeSpan Scale(TimeSpan limit) => limit * Now;

    private static double LoadOfLastMinute => double.Parse(File.ReadAllText("/proc/loadavg").Split(' ')[0], CultureInfo.InvariantCulture);
}
