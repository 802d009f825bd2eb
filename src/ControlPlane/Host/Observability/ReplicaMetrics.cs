using System.Diagnostics.Metrics;
using VideoScale.Consensus;
using VideoScale.Rpc;

namespace VideoScale.ControlPlane.Host.Observability;

/// <summary>Counts of one replica, kept in plain fields on the hot paths and read when /metrics is.</summary>
public sealed class ReplicaMetrics : IDisposable
{
    public const string MeterName = MetricName.Meter;
    private readonly Meter _meter;
    private long _commandsApplied;
    private long _commandsRefused;
    private long _commandsRepeated;
    private long _entriesApplied;
    private long _entriesProposed;
    private long _outcomesUnknown;
    private long _forwarded;
    private long _watchersEnded;
    private long _placementsFailed;

    /// <param name="replica">Member id as text: tells replicas of one process apart.</param>
    public ReplicaMetrics(string replica)
    {
        _meter = new Meter(MeterName, null, [new KeyValuePair<string, object?>("replica", replica)]);
        Counter("videoscale_commands_applied", "Commands applied", () => Interlocked.Read(ref _commandsApplied));
        Counter("videoscale_commands_refused", "Commands whose outcome was a refusal", () => Interlocked.Read(ref _commandsRefused));
        Counter("videoscale_commands_repeated", "Commands answered from a stored result", () => Interlocked.Read(ref _commandsRepeated));
        Counter("videoscale_entries_applied", "Log entries applied", () => Interlocked.Read(ref _entriesApplied));
        Counter("videoscale_entries_proposed", "Log entries proposed by this replica", () => Interlocked.Read(ref _entriesProposed));
        Counter("videoscale_outcomes_unknown", "Proposals whose outcome was unknown and had to be retried",
            () => Interlocked.Read(ref _outcomesUnknown));
        Counter("videoscale_calls_forwarded", "Calls forwarded to the leader", () => Interlocked.Read(ref _forwarded));
        Counter("videoscale_watchers_ended", "Watch streams ended because the watcher was too slow",
            () => Interlocked.Read(ref _watchersEnded));
        Counter("videoscale_placements_failed", "Placement decisions that found no node", () => Interlocked.Read(ref _placementsFailed));
    }

    public void CommandApplied() => Interlocked.Increment(ref _commandsApplied);
    public void CommandRefused() => Interlocked.Increment(ref _commandsRefused);
    public void CommandRepeated() => Interlocked.Increment(ref _commandsRepeated);
    public void EntryApplied() => Interlocked.Increment(ref _entriesApplied);
    public void EntryProposed() => Interlocked.Increment(ref _entriesProposed);
    public void OutcomeUnknown() => Interlocked.Increment(ref _outcomesUnknown);
    public void Forwarded() => Interlocked.Increment(ref _forwarded);
    public void WatcherEnded() => Interlocked.Increment(ref _watchersEnded);
    public void PlacementFailed() => Interlocked.Increment(ref _placementsFailed);

    /// <summary>Adds what the log itself knows.</summary>
    public void Observe(IReplicatedLog log)
    {
        GaugeOfEach("videoscale_engine", "1, by the engine that keeps the log", "engine", () => [(log.EngineName, 1)]);
        Gauge("videoscale_raft_term", "Term of the replica", () => log.Status.Term);
        Gauge("videoscale_raft_commit_index", "Last entry known to be committed", () => log.Status.CommitIndex);
        Gauge("videoscale_raft_applied_index", "Last entry applied", () => log.Status.AppliedIndex);
        Gauge("videoscale_raft_durable_index", "Last entry on disk", () => log.Status.DurableIndex);
        Gauge("videoscale_raft_leader", "1 while this replica leads", () => log.Status.Role == ReplicaRole.Leader ? 1UL : 0UL);
    }

    public void Measure(string name, string help, Func<double> read) =>
        _meter.CreateObservableGauge(MetricName.InstrumentOf(name), read, null, help);

    public void Gauge(string name, string help, Func<ulong> read) =>
        _meter.CreateObservableGauge(MetricName.InstrumentOf(name), () => (double)read(), null, help);

    /// <summary>One figure of each of several, told apart by a label.</summary>
    public void GaugeOfEach(string name, string help, string label, Func<IEnumerable<(string Of, double Value)>> read) =>
        _meter.CreateObservableGauge(MetricName.InstrumentOf(name), () => Labelled(label, read()), null, help);

    /// <summary>One count of each of several, told apart by a label.</summary>
    public void CountOfEach(string name, string help, string label, Func<IEnumerable<(string Of, double Value)>> read) =>
        _meter.CreateObservableCounter(MetricName.InstrumentOf(name), () => Labelled(label, read()), null, help);

    public void Dispose() => _meter.Dispose();

    private static IEnumerable<Measurement<double>> Labelled(string label, IEnumerable<(string Of, double Value)> figures) =>
        figures.Select(figure => new Measurement<double>(figure.Value, new KeyValuePair<string, object?>(label, figure.Of)));

    public void Counter(string name, string help, Func<long> read) =>
        _meter.CreateObservableCounter(MetricName.InstrumentOf(name), read, null, help);
}
