using System.CommandLine;
using System.Globalization;
using System.Runtime;
using System.Text.Json;

namespace VideoScale.Bench.State;

/// <summary><c>bench state</c>: what the control plane's domain costs at three sizes, to show how cost grows.</summary>
internal static class StateVerb
{
    private static readonly JsonSerializerOptions Json = new() { WriteIndented = true, PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower };
    private static readonly (int Nodes, int Rooms, int Seats)[] Sizes = [(10, 1_000, 10_000), (100, 10_000, 100_000), (1_000, 100_000, 1_000_000)];

    public static Command Create()
    {
        var directory = new Option<string>("--out") { Description = "Directory of the result file.", DefaultValueFactory = _ => Path.Combine("bench", "results") };
        var command = new Command("state", "Apply rate, memory and snapshot time of the domain at 1,000 nodes, 100,000 rooms, 1,000,000 seats, a tenth and a hundredth.") { directory };
        command.SetAction(parsed => Run(parsed.GetValue(directory)!));
        return command;
    }

    private static int Run(string directory)
    {
        StateRun.Measure(100, 2_000, 20_000); // once aside, so that the small sizes are not measured in cold code
        Console.WriteLine("   nodes    rooms      seats |  commands/s (per CPU s)  fold events/s (per CPU s) | memory MB  B/seat | capture ms  write ms  restore ms   MB | hash all ms  hash 1,024 us");
        var results = new List<StateFigures>();
        foreach (var (nodes, rooms, seats) in Sizes)
        {
            var f = StateRun.Measure(nodes, rooms, seats);
            results.Add(f);
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"{f.Nodes,8:N0} {f.Rooms,8:N0} {f.Seats,10:N0} | {f.CommandsPerSecond,11:N0} {f.CommandsPerCpuSecond,11:N0} {f.FoldEventsPerSecond,15:N0} {f.FoldEventsPerCpuSecond,11:N0} | {f.MemoryMb,9:N1} {f.BytesPerSeat,7:N0} | {f.CaptureMs,10:N2} {f.SnapshotWriteMs,9:N1} {f.SnapshotRestoreMs,11:N1} {f.SnapshotMb,4:N0} | {f.HashAllMs,11:N1} {f.HashAfter1024EventsUs,14:N0}"));
        }
        Directory.CreateDirectory(directory);
        var path = Path.Combine(directory, "state.json");
        File.WriteAllText(path, JsonSerializer.Serialize(new { Date = DateTimeOffset.UtcNow, Machine = Machine(), Sizes = results }, Json) + "\n");
        Console.WriteLine($"wrote {path}");
        return 0;
    }

    private static object Machine() => new
    {
        Cpu = CpuModel(),
        Cores = Environment.ProcessorCount,
        MemoryMb = GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / 1_000_000,
        Os = System.Runtime.InteropServices.RuntimeInformation.OSDescription,
        Runtime = System.Runtime.InteropServices.RuntimeInformation.FrameworkDescription,
        LoadAverage = File.Exists("/proc/loadavg") ? File.ReadAllText("/proc/loadavg").Split(' ')[0] : "unknown", // above the core count: wall-clock figures are of a busy machine
        ServerGc = GCSettings.IsServerGC,
#if DEBUG
        Build = "Debug",
#else
        Build = "Release",
#endif
    };

    private static string CpuModel()
    {
        const string file = "/proc/cpuinfo";
        var line = File.Exists(file) ? File.ReadLines(file).FirstOrDefault(l => l.StartsWith("model name", StringComparison.Ordinal)) : null;
        return line is null ? "unknown" : line[(line.IndexOf(':', StringComparison.Ordinal) + 1)..].Trim();
    }
}
