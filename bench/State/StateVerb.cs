using System.CommandLine;
using System.Globalization;
using System.Runtime;
using VideoScale.Harness.Results;

namespace VideoScale.Bench.State;

/// <summary><c>bench state</c>: what the control plane's domain costs at three sizes, to show how cost grows.</summary>
internal static class StateVerb
{
    private static readonly (int Nodes, int Rooms, int Seats)[] Sizes = [(10, 1_000, 10_000), (100, 10_000, 100_000),
        (1_000, 100_000, 1_000_000)];

    public static Command Create()
    {
        var results = ResultsOption.Of("state");
        var command = new Command("state",
            "Apply rate, memory and snapshot time of the domain at 1,000 nodes, 100,000 rooms, 1,000,000 seats, a tenth and a "
            + "hundredth.") { results };
        command.SetAction(parsed => Run(parsed.GetValue(results)!));
        return command;
    }

    private static int Run(string file)
    {
        var recorder = RunRecorder.Begin();
        StateRun.Measure(100, 2_000, 20_000); // once aside, so that the small sizes are not measured in cold code
        Console.WriteLine(
            "   nodes    rooms      seats |  commands/s (per CPU s)  fold events/s (per CPU s) | memory MB  B/seat | capture ms  write "
            + "ms  restore ms   MB | hash all ms  hash 1,024 us");
        var results = new List<StateFigures>();
        foreach (var (nodes, rooms, seats) in Sizes)
        {
            var f = StateRun.Measure(nodes, rooms, seats);
            results.Add(f);
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"{f.Nodes,8:N0} {f.Rooms,8:N0} {f.Seats,10:N0} | {f.CommandsPerSecond,11:N0} {f.CommandsPerCpuSecond,11:N0} "
                    + $"{f.FoldEventsPerSecond,15:N0} {f.FoldEventsPerCpuSecond,11:N0} | {f.MemoryMb,9:N1} {f.BytesPerSeat,7:N0} | "
                    + $"{f.CaptureMs,10:N2} {f.SnapshotWriteMs,9:N1} {f.SnapshotRestoreMs,11:N1} {f.SnapshotMb,4:N0} | "
                    + $"{f.HashAllMs,11:N1} {f.HashAfter1024EventsUs,14:N0}"));
        }
        recorder.Set("sizes", string.Join("; ", Sizes.Select(s => $"{s.Nodes:N0} nodes, {s.Rooms:N0} rooms, {s.Seats:N0} seats")));
        foreach (var figures in results.AsEnumerable().Reverse()) Add(recorder, $"{figures.Seats:N0} seats", figures);
        recorder.Note(GCSettings.IsServerGC ? "server GC" : "workstation GC").KeepIn(file);
        return 0;
    }

    private static void Add(RunRecorder recorder, string size, StateFigures f) => recorder
        .Add($"{size}: commands", f.CommandsPerSecond, "commands/s", Better.Higher)
        .Add($"{size}: commands, by processor time", f.CommandsPerCpuSecond, "commands/CPU s", Better.Higher)
        .Add($"{size}: fold", f.FoldEventsPerSecond, "events/s", Better.Higher)
        .Add($"{size}: fold, by processor time", f.FoldEventsPerCpuSecond, "events/CPU s", Better.Higher)
        .Add($"{size}: memory", f.MemoryMb, "MB", Better.Lower)
        .Add($"{size}: memory of a seat", f.BytesPerSeat, "bytes", Better.Lower)
        .Add($"{size}: capture", f.CaptureMs, "ms", Better.Lower)
        .Add($"{size}: write a snapshot", f.SnapshotWriteMs, "ms", Better.Lower)
        .Add($"{size}: restore a snapshot", f.SnapshotRestoreMs, "ms", Better.Lower)
        .Add($"{size}: snapshot", f.SnapshotMb, "MB", Better.Lower)
        .Add($"{size}: hash all", f.HashAllMs, "ms", Better.Lower)
        .Add($"{size}: hash after 1,024 events", f.HashAfter1024EventsUs, "µs", Better.Lower);
}
