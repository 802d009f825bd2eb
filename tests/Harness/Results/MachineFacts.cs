using System.Globalization;
using System.Runtime.InteropServices;

namespace VideoScale.Harness.Results;

/// <summary>What a figure was measured on; null is what was not recorded.</summary>
/// <param name="LoadAtStart">Load average of the last minute when the run began: what ran beside it shows here.</param>
/// <param name="LoadAtEnd">The same at its end: what was measured shows here, too.</param>
public sealed record MachineFacts(
    string? Cpu,
    int? Cores,
    long? MemoryMb,
    string? Kernel,
    string? OperatingSystem,
    string? Runtime,
    double? LoadAtStart,
    double? LoadAtEnd)
{
    public static double LoadAverage => double.Parse(File.ReadAllText("/proc/loadavg").Split(' ')[0], CultureInfo.InvariantCulture);

    public static MachineFacts Read(double loadAtStart) => new(
        ValueOf("/proc/cpuinfo", "model name"),
        Environment.ProcessorCount,
        long.TryParse(ValueOf("/proc/meminfo", "MemTotal")?.Split(' ')[0], CultureInfo.InvariantCulture, out var kilobytes)
            ? kilobytes / 1024 : null,
        File.ReadAllText("/proc/sys/kernel/osrelease").Trim(),
        RuntimeInformation.OSDescription,
        RuntimeInformation.FrameworkDescription,
        loadAtStart,
        LoadAverage);

    private static string? ValueOf(string file, string key) => File.ReadLines(file)
        .FirstOrDefault(line => line.StartsWith(key, StringComparison.Ordinal))?.Split(':', 2)[1].Trim();
}
