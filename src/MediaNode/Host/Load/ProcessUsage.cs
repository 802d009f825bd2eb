using System.Globalization;

namespace VideoScale.MediaNode.Host.Load;

/// <summary>What the process has used, from /proc/self.</summary>
/// <param name="CpuMs">User and system time since its start, in milliseconds.</param>
/// <param name="ResidentBytes">Resident memory.</param>
public readonly record struct ProcessUsage(long CpuMs, long ResidentBytes)
{
    private const long MsPerTick = 10; // USER_HZ is 100 on Linux, whatever the kernel's own rate

    public static ProcessUsage Read() => Parse(File.ReadAllText("/proc/self/stat"), Environment.SystemPageSize);

    /// <param name="stat">/proc/[pid]/stat: fields 14 and 15 are utime and stime in ticks, 24 is rss in pages; see proc(5).</param>
    public static ProcessUsage Parse(string stat, int pageBytes)
    {
        // The name (field 2) stands in parentheses and may hold anything: count from the last closing one.
        var fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
        return new ProcessUsage((Number(14) + Number(15)) * MsPerTick, Number(24) * pageBytes);

        long Number(int field) => long.Parse(fields[field - 3], CultureInfo.InvariantCulture);
    }
}
