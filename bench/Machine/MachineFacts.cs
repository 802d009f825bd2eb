using System.Globalization;
using System.Runtime.InteropServices;

namespace VideoScale.Bench.Machine;

/// <summary>What a figure was measured on: stands in every results file.</summary>
/// <param name="LoadAverage">Of the last minute, at the end of the run: what ran shows here, and so does what ran beside it.</param>
public sealed record MachineFacts(string Processor, int Processors, string OperatingSystem, string Runtime, double LoadAverage)
{
    public static MachineFacts Read() => new(
        File.ReadLines("/proc/cpuinfo").FirstOrDefault(line => line.StartsWith("model name", StringComparison.Ordinal))?.Split(':')[1].Trim() ?? "unknown",
        Environment.ProcessorCount, RuntimeInformation.OSDescription, RuntimeInformation.FrameworkDescription,
        double.Parse(File.ReadAllText("/proc/loadavg").Split(' ')[0], CultureInfo.InvariantCulture));
}
