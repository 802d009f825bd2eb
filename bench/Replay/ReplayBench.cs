using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using VideoScale.ControlPlane.Host.Audit;
using VideoScale.ControlPlane.Host.EventLog;
using VideoScale.ControlPlane.State;
using VideoScale.Harness.Results;
using EventLog = VideoScale.ControlPlane.Host.EventLog.EventLog;

namespace VideoScale.Bench.Replay;

/// <summary>
/// <c>bench replay</c>: makes a log of five million events, then folds and verifies it, each in a process of its own, so that time and
/// memory are theirs alone.
/// </summary>
internal static class ReplayBench
{
    private const int Nodes = 200;

    private sealed record Part(ulong Events, double Seconds, double CpuSeconds, int Collections, double PauseSeconds, long AllocatedBytes,
        long PeakMemoryBytes,
        string Hash);

    /// <summary>States at moments drawn over the whole log, with those kept that a replica would have kept.</summary>
    private sealed record Past(double[] Seconds);

    private const int Moments = 40;

    public static async Task<int> RunAsync(ulong events, int rooms, int runs, string? keep, string results)
    {
        if (events == 0 || rooms is < 1 or > 1_000_000 || runs is < 1 or > 20)
            return Fail("--events from 1, --rooms 1 to 1000000, --runs 1 to 20");
        var directory = keep ?? Directory.CreateTempSubdirectory("vs-bench-replay-").FullName;
        try { return await Measure(directory, events, rooms, runs, results); }
        finally { if (keep is null) Directory.Delete(directory, recursive: true); }
    }

    private static async Task<int> Measure(string directory, ulong events, int rooms, int runs, string results)
    {
        var recorder = RunRecorder.Begin().Set("events", events).Set("rooms", rooms).Set("nodes", Nodes);
        var (made, makeSeconds) = Make(directory, events, rooms);
        Console.WriteLine($"made    {made:N0} events in {makeSeconds:F1} s");
        var folds = new List<Part>();
        for (var i = 0; i < runs; i++)
        {
            folds.Add(await InChild<Part>("fold", directory));
            Console.WriteLine(
                $"folded  {folds[^1].Events:N0} events in {folds[^1].Seconds:F2} s: {Rate(folds[^1]):N0} events/s "
                + $"({folds[^1].CpuSeconds:F2} s of CPU), peak {folds[^1].PeakMemoryBytes >> 20} MiB, state hash {folds[^1].Hash}");
        }
        if (folds.Any(f => f.Hash != folds[0].Hash)) return Fail("two folds of one log differ in their hash");
        var verified = await InChild<Part>("verify", directory);
        Console.WriteLine(
            $"verified {verified.Events:N0} events in {verified.Seconds:F2} s: {Rate(verified):N0} events/s ({verified.CpuSeconds:F2} s "
            + $"of CPU), peak {verified.PeakMemoryBytes >> 20} MiB, chain head {verified.Hash}");
        var past = await InChild<Past>("past", directory);
        Console.WriteLine(
            $"state at {Moments} moments: {past.Seconds.Order().ElementAt(Moments / 2):F2} s, at worst {past.Seconds.Max():F2} s");
        var median = folds.OrderBy(Rate).ElementAt(folds.Count / 2);
        var bytes = (ulong)Directory.GetFiles(directory, "*.seg").Sum(path => new FileInfo(path).Length);
        recorder.Add("fold", [.. folds.Select(Rate)], "events/s", Better.Higher)
            .Add("fold: processor time", median.CpuSeconds, "CPU s", Better.Lower)
            .Add("fold: collections", median.Collections, "collections", Better.Lower)
            .Add("fold: paused for collections", median.PauseSeconds, "s", Better.Lower)
            .Add("fold: allocated", median.AllocatedBytes / (double)median.Events, "bytes/event", Better.Lower)
            .Add("fold: most memory", folds.Max(f => f.PeakMemoryBytes), "bytes", Better.Lower)
            .Add("verify", Rate(verified), "events/s", Better.Higher)
            .Add("verify: processor time", verified.CpuSeconds, "CPU s", Better.Lower)
            .Add("verify: most memory", verified.PeakMemoryBytes, "bytes", Better.Lower)
            .Add("state at a moment", past.Seconds, "s", Better.Lower)
            .Add("state at a moment, worst", past.Seconds.Max(), "s", Better.Lower)
            .Add("make", made / makeSeconds, "events/s", Better.Higher)
            .Add("log", bytes / (double)median.Events, "bytes/event", Better.Lower)
            .Note($"state hash {median.Hash}")
            .Note($"chain head {verified.Hash}")
            .KeepIn(results);
        return 0;
    }

    private static (ulong Events, double Seconds) Make(string directory, ulong events, int rooms)
    {
        var began = Stopwatch.GetTimestamp();
        using var log = EventLog.Open(directory, new UInt128(1, 2));
        log.RestoreEmpty();
        using var story = new FleetStory(log, seed: 1, Nodes, rooms);
        for (var to = events / 10; story.State.LastEventSeq < events; to = Math.Min(events, to + Math.Max(1, events / 10)))
        {
            story.PlayUntil(to);
            Console.Error.WriteLine(
                $"making: {story.State.LastEventSeq:N0} of {events:N0} events, {story.State.Rooms.Count:N0} rooms, "
                + $"{story.State.SeatCount:N0} seats");
        }
        return (story.State.LastEventSeq, Stopwatch.GetElapsedTime(began).TotalSeconds);
    }

    internal static int RunPart(string part, string directory)
    {
        var log = EventLogReader.OpenDirectory(directory);
        if (part == "past")
        {
            Console.WriteLine(JsonSerializer.Serialize(LookBack(log, Path.Combine(directory, "folds"))));
            return 0;
        }
        var began = Stopwatch.GetTimestamp();
        string hash;
        if (part == "fold")
        {
            var state = new ClusterState();
            DomainFold.Run(log, state, log.LastSeq, null, null, CancellationToken.None);
            hash = state.StateHash().ToString("x32", CultureInfo.InvariantCulture);
        }
        else
        {
            var verified = EventLogVerifier.Verify(log, 0, 0, null, CancellationToken.None);
            if (!verified.Ok) return Fail($"event {verified.FirstBadSeq}: {verified.Problem}");
            hash = verified.ChainHead.ToString();
        }
        Console.WriteLine(JsonSerializer.Serialize(new Part(log.LastSeq, Stopwatch.GetElapsedTime(began).TotalSeconds,
            Environment.CpuUsage.TotalTime.TotalSeconds,
            GC.CollectionCount(0), GC.GetTotalPauseDuration().TotalSeconds, GC.GetTotalAllocatedBytes(), PeakMemoryBytes(), hash)));
        return 0;
    }

    private static Past LookBack(EventLogReader log, string folder)
    {
        var folds = new KeptFolds(folder);
        PastStates.FoldTo(log, folds, log.LastSeq, CancellationToken.None);
        var random = new Random(1);
        return new([.. Enumerable.Range(0, Moments).Select(_ =>
        {
            var began = Stopwatch.GetTimestamp();
            PastStates.FoldTo(log, folds, (ulong)random.NextInt64(1, (long)log.LastSeq + 1), CancellationToken.None);
            return Stopwatch.GetElapsedTime(began).TotalSeconds;
        })]);
    }

    private static async Task<T> InChild<T>(string part, string directory)
    {
        var start = new ProcessStartInfo(Environment.ProcessPath!) { RedirectStandardOutput = true };
        if (Path.GetFileNameWithoutExtension(start.FileName) == "dotnet") start.ArgumentList.Add(typeof(ReplayBench).Assembly.Location);
        foreach (var argument in new[] { "replay", "--part", part, "--keep", directory }) start.ArgumentList.Add(argument);
        using var child = Process.Start(start)!;
        var output = await child.StandardOutput.ReadToEndAsync();
        await child.WaitForExitAsync();
        if (child.ExitCode != 0) throw new InvalidOperationException($"{part} ended with {child.ExitCode}");
        return JsonSerializer.Deserialize<T>(output)!;
    }

    private static double Rate(Part part) => part.Events / part.Seconds;

    /// <summary>Highest resident memory of this process so far.</summary>
    private static long PeakMemoryBytes() =>
        long.Parse(File.ReadLines("/proc/self/status").First(line => line.StartsWith("VmHWM:", StringComparison.Ordinal))
            .Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture) * 1024;

    private static int Fail(string message)
    {
        Console.Error.WriteLine(message);
        return 1;
    }
}
