using System.Diagnostics;
using System.Net;
using Microsoft.Extensions.Logging.Abstractions;
using VideoScale.Bench.Consensus;
using VideoScale.Consensus;
using VideoScale.Consensus.Apply.Directories;
using VideoScale.Consensus.Apply.Snapshots;
using VideoScale.Consensus.Engine.Driver;
using VideoScale.Consensus.Engine.Transport;
using VideoScale.Consensus.Engine.Wal;
using VideoScale.Harness.Processes;
using VideoScale.Harness.Results;

namespace VideoScale.Bench.CatchUp;

internal sealed record CatchUpOptions(int Megabytes, int CapMegabytesPerSecond, int Disconnects, int WritesPerSecond, TimeSpan Baseline,
    string Directory, string Results);

internal sealed record Latency(long Writes, double P50Ms, double P99Ms);

/// <summary>Three replicas of the engine in this process; one starts far behind the other two.</summary>
internal static class CatchUpBench
{
    private static readonly MemberId[] Members = [new(1), new(2), new(3)];

    private sealed record Node(ReplicatedLog Log, DataDirectory Directory, BulkyMachine Machine) : IAsyncDisposable
    {
        public async ValueTask DisposeAsync()
        {
            await Log.DisposeAsync();
            Directory.Dispose();
        }
    }

    internal static async Task<int> RunAsync(CatchUpOptions options, CancellationToken cancellationToken)
    {
        var root = Path.Combine(Path.GetFullPath(options.Directory), $"catchup-{Environment.ProcessId}");
        try { return await MeasureAsync(options, root, cancellationToken); }
        finally { if (Directory.Exists(root)) Directory.Delete(root, recursive: true); }
    }

    private static async Task<int> MeasureAsync(CatchUpOptions options, string root, CancellationToken cancellationToken)
    {
        var recorder = RunRecorder.Begin();
        var ports = LoopbackPorts.Free(3).Select(port => new IPEndPoint(IPAddress.Loopback, port)).ToArray();
        await using var relay = new BreakingRelay(ports[2]);
        IPEndPoint[] seen = [ports[0], ports[1], relay.EndPoint];
        await using var first = Start(root, 0, ports[0], seen, options);
        await using var second = Start(root, 1, ports[1], seen, options);
        Node[] old = [first, second];
        await UntilAsync(() => old.Any(node => node.Log.Status.Role == ReplicaRole.Leader), cancellationToken);
        await FillAsync(old, options, cancellationToken);

        var latencies = new LatencyHistogram();
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var writing = WriteAsync(old, options.WritesPerSecond, latencies, stop.Token);
        await Task.Delay(TimeSpan.FromSeconds(3), cancellationToken);
        latencies.Clear();
        await Task.Delay(options.Baseline, cancellationToken);
        var before = Read(latencies);
        Console.WriteLine($"before: {before.Writes:N0} writes, p50 {before.P50Ms:F2} ms, p99 {before.P99Ms:F2} ms");

        latencies.Clear();
        var term = old.Max(node => node.Log.Status.Term);
        var sentBefore = relay.Bytes;
        var began = Stopwatch.GetTimestamp();
        await using var late = Start(root, 2, ports[2], [ports[0], ports[1], ports[2]], options);
        var stateBytes = (ulong)options.Megabytes << 20;
        for (var broken = 0; broken < options.Disconnects; broken++)
        {
            var next = (long)(stateBytes / (ulong)(options.Disconnects + 1)) * (broken + 1);
            await UntilAsync(() => relay.Bytes - sentBefore >= next, cancellationToken);
            relay.Break();
        }
        await UntilAsync(() => late.Machine.Restored > 0
            && late.Log.Status.AppliedIndex + 100 >= old.Max(node => node.Log.Status.CommitIndex), cancellationToken);
        var seconds = Stopwatch.GetElapsedTime(began).TotalSeconds;
        var catchingUp = Read(latencies);
        await stop.CancelAsync();
        await writing;
        var elections = old.Max(node => node.Log.Status.Term) - term;
        Keep(recorder, options, before, catchingUp, seconds, (relay.Bytes - sentBefore) / (double)stateBytes, elections);
        return 0;
    }

    private static Node Start(string root, int i, IPEndPoint listen, IPEndPoint[] addresses, CatchUpOptions options)
    {
        var directory = DataDirectory.Open(Path.Combine(root, $"replica-{i + 1}"), clusterId: 1, Members[i]);
        var snapshots = new SnapshotStore(directory);
        var peers = Members.Select((member, at) => (member, at)).Where(peer => peer.at != i)
            .ToDictionary(peer => peer.member, peer => (EndPoint)addresses[peer.at]);
        var transport = new TcpTransport(new TransportOptions
        {
            ClusterId = 1,
            Self = Members[i],
            Listen = listen,
            SnapshotBytesPerSecond = (long)options.CapMegabytesPerSecond << 20,
        },
            snapshots, peers, NullLogger<TcpTransport>.Instance);
        var machine = new BulkyMachine();
        var log = ReplicatedLog.Start(new ReplicatedLogOptions
        {
            Self = Members[i],
            InitialMembership = Membership.Of(Members),
            TailBytes = 64 << 10,
            SnapshotLogBytes = 4L << 30,
        },
            new WriteAheadLog(directory, new WalOptions()), snapshots, transport, machine, NullLogger.Instance);
        return new Node(log, directory, machine);
    }

    /// <summary>Makes the state large, and the log begin behind that: whoever comes now needs a snapshot.</summary>
    private static async Task FillAsync(Node[] nodes, CatchUpOptions options, CancellationToken cancellationToken)
    {
        Console.WriteLine($"making a state of {options.Megabytes:N0} MiB and a snapshot of it on two replicas …");
        ulong sequence = 0;
        await CommitAsync(nodes, new ProposalId(1, ++sequence), BulkyMachine.Command((ulong)options.Megabytes << 20, 256),
            cancellationToken);
        for (var i = 0; i < 64; i++)
            await CommitAsync(nodes, new ProposalId(1, ++sequence), BulkyMachine.Command(0, 4 << 10), cancellationToken);
        foreach (var node in nodes) await node.Log.CreateSnapshotAsync(cancellationToken);
        await UntilAsync(() => nodes.All(node => node.Log.Status.FirstIndex > 10), cancellationToken);
    }

    private static async Task<bool> CommitAsync(Node[] nodes, ProposalId id, byte[] command, CancellationToken cancellationToken)
    {
        while (!cancellationToken.IsCancellationRequested)
        {
            var leader = Array.Find(nodes, node => node.Log.Status.Role == ReplicaRole.Leader);
            if (leader is not null && (await leader.Log.ProposeAsync(id, command, CancellationToken.None)).Outcome == Outcome.Committed)
                return true;
            await Task.Delay(5, CancellationToken.None);
        }
        return false;
    }

    /// <summary>At a fixed rate, whatever the answers take: slow ones do not thin out the load.</summary>
    private static async Task WriteAsync(Node[] nodes, int perSecond, LatencyHistogram latencies, CancellationToken cancellationToken)
    {
        var command = BulkyMachine.Command(0, 256);
        var began = Stopwatch.GetTimestamp();
        var running = new List<Task>();
        for (ulong n = 1; !cancellationToken.IsCancellationRequested; n++)
        {
            var due = began + (long)(n * (double)Stopwatch.Frequency / perSecond);
            var wait = TimeSpan.FromSeconds((due - Stopwatch.GetTimestamp()) / (double)Stopwatch.Frequency);
            if (wait > TimeSpan.FromMilliseconds(1)) await Task.Delay(wait, CancellationToken.None);
            var id = new ProposalId(2, n);
            var sent = Stopwatch.GetTimestamp();
            running.Add(Task.Run(async () =>
            {
                if (await CommitAsync(nodes, id, command, cancellationToken)) latencies.Add(Stopwatch.GetTimestamp() - sent);
            }, CancellationToken.None));
            if (n % 1_024 == 0) running.RemoveAll(task => task.IsCompletedSuccessfully);
        }
        await Task.WhenAll(running);
    }

    private static Latency Read(LatencyHistogram latencies) => new(latencies.Count, latencies.QuantileMs(0.5), latencies.QuantileMs(0.99));

    /// <param name="sentShare">What went over the link, against the snapshot's size: about 1 when every break was resumed.</param>
    /// <param name="elections">New terms while it caught up: 0 when its coming and going disturbed nobody.</param>
    private static void Keep(RunRecorder recorder, CatchUpOptions options, Latency before, Latency catchingUp, double seconds,
        double sentShare, ulong elections)
    {
        var ratio = catchingUp.P99Ms / before.P99Ms;
        var met = $"p99 at most twice that before: {(ratio <= 2 ? "met" : "not met")}";
        Console.WriteLine(
            $"catching up: {catchingUp.Writes:N0} writes, p50 {catchingUp.P50Ms:F2} ms, p99 {catchingUp.P99Ms:F2} ms: {ratio:F2} times; "
            + $"{met}");
        Console.WriteLine(
            $"{options.Megabytes:N0} MiB in {seconds:F1} s at no more than {options.CapMegabytesPerSecond} MiB/s, {options.Disconnects} "
            + $"disconnects; " +
            $"{sentShare:P0} of the snapshot went over the link; {elections} elections");
        recorder.Set("megabytes", options.Megabytes).Set("cap_megabytes_per_second", options.CapMegabytesPerSecond)
            .Set("disconnects", options.Disconnects).Set("writes_per_second", options.WritesPerSecond)
            .Add("p99 while catching up, against before", ratio, "times", Better.Lower)
            .Add("p50 before", before.P50Ms, "ms", Better.Lower)
            .Add("p99 before", before.P99Ms, "ms", Better.Lower)
            .Add("p50 while catching up", catchingUp.P50Ms, "ms", Better.Lower)
            .Add("p99 while catching up", catchingUp.P99Ms, "ms", Better.Lower)
            .Add("catching up", seconds, "s", Better.Lower)
            .Add("sent, against the snapshot", sentShare, "times", Better.Lower)
            .Add("elections", elections, "elections", Better.Lower)
            .Note(met)
            .Note($"{before.Writes:N0} writes before, {catchingUp.Writes:N0} while catching up")
            .KeepIn(options.Results);
    }

    private static async Task UntilAsync(Func<bool> condition, CancellationToken cancellationToken)
    {
        while (!condition()) await Task.Delay(20, cancellationToken);
    }
}
