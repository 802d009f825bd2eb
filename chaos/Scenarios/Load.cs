using VideoScale.Chaos.Checkers;
using VideoScale.Chaos.Fleets;
using VideoScale.Chaos.Linearizability;
using VideoScale.Chaos.Workloads;
using VideoScale.Harness.Processes;

namespace VideoScale.Chaos.Scenarios;

/// <summary>
/// Mutations of 16 clients that run while a scenario injects its faults, and the laws that are checked when they have ended.
/// </summary>
public sealed class Load : IAsyncDisposable
{
    private const int Clients = 16;
    private const int SlotsPerClient = 2;
    /// <summary>How long outstanding calls may go on after the load stops: many elections.</summary>
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(60);

    private readonly Fleet _fleet;
    private readonly CancellationTokenSource _stop = new();
    private readonly CancellationTokenSource _giveUp = new();
    private readonly Task _running;

    private Load(Fleet fleet, ScenarioOptions options)
    {
        _fleet = fleet;
        Mutations = new RoomMutations(fleet.Replicas, Clients, SlotsPerClient, $"s{options.Seed}", options.Seed, new Pulse(options.Busy));
        _running = Mutations.RunAsync(_stop.Token, _giveUp.Token);
    }

    public RoomMutations Mutations { get; }

    public static Load Start(Fleet fleet, ScenarioOptions options) => new(fleet, options);

    /// <summary>Waits until at least that many mutations are outstanding at once, so that a fault meets them.</summary>
    public async Task AwaitOutstandingAsync(int least, CancellationToken cancellationToken)
    {
        while (Mutations.Outstanding < least) await Task.Delay(1, cancellationToken);
    }

    /// <summary>Stops the load, then checks every replica's event log and that all replicas agree.</summary>
    /// <param name="others">What others than this load were told, which the logs must have as well.</param>
    public async Task FinishAsync(ScenarioResult result, string directory, CancellationToken cancellationToken,
        IReadOnlyCollection<Acknowledged>? others = null)
    {
        await _stop.CancelAsync();
        _giveUp.CancelAfter(Grace);
        await _running;
        result.Violate(Mutations.Violations);
        if (Mutations.Unknown > 0)
            result.Doubts.Add($"{Mutations.Unknown} mutations never came to an end within {Grace.TotalSeconds:0} s after the last fault");
        result.Violate(await ReplicaAgreement.CheckAsync(_fleet.Replicas, TimeSpan.FromSeconds(60), cancellationToken));
        IReadOnlyCollection<Acknowledged> acknowledged = [.. Mutations.Acknowledgements, .. others ?? []];
        foreach (var replica in _fleet.Replicas)
        {
            var finding = await EventLogChecker.CheckAsync(replica, acknowledged, cancellationToken);
            result.Tested("what was acknowledged is in every event log, once", acknowledged.Count, finding.Violations);
            result.Figures["events"] = finding.Events;
        }
        result.Figures["acknowledged"] = Mutations.Acknowledgements.Count;
        result.Figures["refused"] = Mutations.Refused;
        result.Figures["retried"] = Mutations.Retried;
        result.Figures["linearizable_reads"] = Mutations.Reads;
        Mutations.History.WriteTo(directory);
        result.Tested(RoomHistory.Check(Mutations.History.Operations));
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _giveUp.CancelAsync();
        await _running;
        _stop.Dispose();
        _giveUp.Dispose();
    }
}
