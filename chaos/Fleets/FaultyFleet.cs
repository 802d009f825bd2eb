using System.Collections.Concurrent;
using Grpc.Core;
using VideoScale.Chaos.Faults;
using VideoScale.Chaos.Scenarios;
using VideoScale.Chaos.Timelines;
using VideoScale.Chaos.Workloads;
using VideoScale.Harness.Clocks;
using VideoScale.Harness.Disks;
using VideoScale.Harness.Processes;

namespace VideoScale.Chaos.Fleets;

/// <summary>A fleet to which all can be done that a schedule names: with disks, clocks and a network that obey.</summary>
public sealed class FaultyFleet : IFaultyCluster, IAsyncDisposable
{
    private static readonly TimeSpan UpWithin = TimeSpan.FromSeconds(90), AskAgain = TimeSpan.FromMilliseconds(100);

    private readonly StubbornDisk _disks;
    private readonly IReadOnlyDictionary<string, ShiftedClock> _clocks;
    private readonly IReadOnlyList<XfsVolume> _volumes;
    private readonly HashSet<int> _withoutPower = [];
    private readonly ConcurrentDictionary<End, byte> _down = new();
    /// <summary>Whoever ends there ends because its disk is full, until it has come up again.</summary>
    private readonly ConcurrentDictionary<int, byte> _full = new();
    private readonly HashSet<int> _filled = [];
    private readonly ConcurrentQueue<string> _unasked = new();
    private readonly ConcurrentDictionary<int, long> _frozenNodes = new();
    private readonly ConcurrentDictionary<End, byte> _everFrozen = new();
    private ReplicaViews? _views;
    private SeatProbes? _probes;

    private FaultyFleet(Fleet fleet, StubbornDisk disks, IReadOnlyDictionary<string, ShiftedClock> clocks,
        IReadOnlyList<XfsVolume> volumes) =>
        (Fleet, _disks, _clocks, _volumes) = (fleet, disks, clocks, volumes);

    public Fleet Fleet { get; }

    public int Replicas => Fleet.Replicas.Count;

    /// <summary>Processes that ended although nothing was done that ends them.</summary>
    public IReadOnlyCollection<string> EndedUnasked => _unasked;

    /// <summary>Servers that nothing was done to which makes a process stand still.</summary>
    public IEnumerable<ServerProcess> NeverFrozen => Fleet.Servers().Except(_everFrozen.Keys.Select(Server));

    public int Leader => _views?.LastLeader ?? 0;

    public static async Task<FaultyFleet> StartAsync(Schedule schedule, ScenarioOptions options, CancellationToken cancellationToken)
    {
        var disks = await StubbornDisk.CompileAsync(options.Out);
        IEnumerable<string> names = [.. Enumerable.Range(1, schedule.Replicas).Select(static i => $"replica-{i}"),
            .. Enumerable.Range(1, schedule.Media).Select(static i => $"media-{i}")];
        var clocks = new Dictionary<string, ShiftedClock>();
        foreach (var name in names) clocks[name] = await ShiftedClock.MakeAsync(name, options.Out);
        XfsVolume[] volumes = schedule.Has<LosePower>() || schedule.Has<FillDisk>()
            ? [.. Enumerable.Range(0, schedule.Replicas).Select(i => XfsVolume.Create(options.Out, $"disk-{i}"))] : [];
        try
        {
            var shape = new ClusterShape(schedule.Replicas, schedule.Media)
            {
                Namespaced = true,
                ReplicaRoots = [.. volumes.Select(v => v.Path)]
            };
            return new(await Fleet.StartAsync(shape, options, cancellationToken, name => Both(disks.Environment(name, only: $"/{name}/"),
                clocks[name].Environment)), disks, clocks, volumes);
        }
        catch
        {
            foreach (var volume in volumes) volume.Dispose();
            foreach (var clock in clocks.Values) clock.Dispose();
            throw;
        }
    }

    /// <summary>Who tells who leads, and who must know that a node was frozen.</summary>
    public void Watch(ReplicaViews views, SeatProbes probes) => (_views, _probes) = (views, probes);

    public void Cut(IReadOnlyCollection<LinkEnds> links) => Fleet.Cut(links);

    public void Freeze(End end)
    {
        if (!Server(end).IsRunning) return;
        _everFrozen[end] = 0;
        Server(end).Freeze();
        if (end.IsNode) _frozenNodes.TryAdd(end.Number, History.NowNs);
    }

    public void Resume(End end)
    {
        if (end.IsNode && _frozenNodes.TryRemove(end.Number, out var from)) _probes?.WasFrozen(Server(end).Name, from, History.NowNs);
        if (Server(end).IsRunning) Server(end).Resume();
    }

    public async Task KillAsync(End end)
    {
        _down[end] = 0;
        if (Server(end).IsRunning) await Server(end).KillAsync();
    }

    public void Start(End end)
    {
        if (Server(end).IsRunning) return;
        if (!_down.TryRemove(end, out _) && !(!end.IsNode && _full.ContainsKey(end.Number))) NoteUnasked(end);
        Server(end).Start();
    }

    public async Task AwaitUpAsync(End end, Func<bool> mayStart, CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(Slowness.Scale(UpWithin));
        while (!await IsUpAsync(end, cancellationToken))
        {
            if (limit.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
                throw new NotLiveException($"{Server(end).Name} did not come back");
            if (mayStart()) Start(end);
            await Task.Delay(AskAgain, cancellationToken);
        }
        if (!end.IsNode) _full.TryRemove(end.Number, out _);
    }

    public async Task LosePowerAsync(IReadOnlyCollection<int> replicas)
    {
        int[] on = [.. replicas.Where(_withoutPower.Add)];
        await Task.WhenAll(on.Select(replica => Task.Run(_volumes[replica].LosePower)));
        foreach (var replica in replicas) await KillAsync(End.Replica(replica));
    }

    public void ReturnDisk(int replica)
    {
        if (!_withoutPower.Remove(replica)) return;
        _volumes[replica].Return();
        if (_filled.Contains(replica)) _volumes[replica].Fill();
        else _volumes[replica].Free(); // the removal of what filled it may have been lost
    }

    public void TellDisk(int replica, string? word)
    {
        var name = Fleet.NameOf(replica);
        if (word is null) _disks.GoOn(name);
        else if (word == "hold") _disks.Hold(name);
        else _disks.Slow(name, int.Parse(word.Split(' ')[1], System.Globalization.CultureInfo.InvariantCulture));
    }

    public void FillDisk(int replica)
    {
        _full[replica] = 0;
        _filled.Add(replica);
        if (!_withoutPower.Contains(replica)) _volumes[replica].Fill();
    }

    public void FreeDisk(int replica)
    {
        _filled.Remove(replica);
        if (!_withoutPower.Contains(replica)) _volumes[replica].Free();
    }

    public void ShiftClock(End end, TimeSpan by) => _clocks[Server(end).Name].Off = by;

    /// <summary>Once all has healed: whoever does not run has ended by itself.</summary>
    public void LookForEnded()
    {
        foreach (var end in Everyone) if (!Server(end).IsRunning) NoteUnasked(end);
    }

    public async ValueTask DisposeAsync()
    {
        for (var replica = 0; replica < Replicas; replica++) _disks.GoOn(Fleet.NameOf(replica));
        await Fleet.DisposeAsync();
        foreach (var volume in _volumes) volume.Dispose();
        foreach (var clock in _clocks.Values) clock.Dispose();
    }

    private IEnumerable<End> Everyone =>
        [.. Enumerable.Range(0, Replicas).Select(End.Replica), .. Enumerable.Range(0, Fleet.Nodes.Count).Select(End.Node)];

    private ServerProcess Server(End end) => Fleet.ProcessOf(end);

    private void NoteUnasked(End end) => _unasked.Enqueue($"{Server(end).Name} ended by itself with {Server(end).ExitCode}");

    private async Task<bool> IsUpAsync(End end, CancellationToken cancellationToken)
    {
        try
        {
            if (!Server(end).IsRunning) return false;
            if (!end.IsNode) await Fleet.StatusAsync(end.Number, cancellationToken);
            return true;
        }
        catch (RpcException) when (!cancellationToken.IsCancellationRequested) { return false; }
    }

    /// <summary>Of two libraries that stand in front of libc.</summary>
    private static Dictionary<string, string> Both(IReadOnlyDictionary<string, string> one, IReadOnlyDictionary<string, string> other)
    {
        var both = new Dictionary<string, string>(one);
        foreach (var (name, value) in other) both[name] = both.TryGetValue(name, out var first) ? $"{first}:{value}" : value;
        return both;
    }
}
