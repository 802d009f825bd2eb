using System.Diagnostics.Metrics;
using VideoScale.Rpc;

namespace VideoScale.Consensus.Apply;

/// <summary>Figures of one replica under the meter <c>VideoScale.Consensus</c>.</summary>
internal sealed class ConsensusMetrics : IDisposable
{
    public const string MeterName = MetricName.Meter;

    private readonly Meter _meter;
    private readonly Counter<long> _commits;
    private readonly Counter<long> _proposals;
    private readonly Counter<long> _rejected;
    private readonly Counter<long> _elections;
    private readonly Counter<long> _leaderships;
    private readonly Counter<long> _snapshotBytes;
    private readonly Counter<long> _snapshotsInstalled;
    private readonly Counter<long> _droppedMessages;
    private readonly Histogram<double> _appendMs;

    public ConsensusMetrics(MemberId self)
    {
        _meter = new Meter(MeterName, "1", [new("member", self.ToString())]);
        _commits = _meter.CreateCounter<long>(MetricName.InstrumentOf("videoscale_consensus_commits"), "{entry}",
            "Entries committed and handed to the state machine here");
        _proposals = _meter.CreateCounter<long>(MetricName.InstrumentOf("videoscale_consensus_proposals"), "{proposal}",
            "Proposals appended by this leader");
        _rejected = _meter.CreateCounter<long>(MetricName.InstrumentOf("videoscale_consensus_proposals_rejected"), "{proposal}",
            "Proposals refused: not the leader, or overloaded");
        _elections = _meter.CreateCounter<long>(MetricName.InstrumentOf("videoscale_consensus_elections"), "{election}",
            "Campaigns begun here");
        _leaderships = _meter.CreateCounter<long>(MetricName.InstrumentOf("videoscale_consensus_leaderships"), "{election}",
            "Elections won here");
        _snapshotBytes = _meter.CreateCounter<long>(MetricName.InstrumentOf("videoscale_consensus_snapshot_bytes"), "By",
            "Bytes of snapshots written here");
        _snapshotsInstalled = _meter.CreateCounter<long>(MetricName.InstrumentOf("videoscale_consensus_snapshots_installed"), "{snapshot}",
            "Snapshots installed here");
        _droppedMessages = _meter.CreateCounter<long>(MetricName.InstrumentOf("videoscale_consensus_messages_dropped"), "{message}",
            "Messages dropped because the loop was behind");
        _appendMs = _meter.CreateHistogram<double>(MetricName.InstrumentOf("videoscale_consensus_append_ms"), "ms",
            "From handing a batch to the log until it is synced");
    }

    public void Observe(Func<int> proposalDepth, Func<int> applyDepth)
    {
        _meter.CreateObservableGauge(MetricName.InstrumentOf("videoscale_consensus_proposal_queue"), proposalDepth, "{proposal}",
            "Proposals waiting for the loop");
        _meter.CreateObservableGauge(MetricName.InstrumentOf("videoscale_consensus_apply_queue"), applyDepth, "{item}",
            "Entries and reads waiting for the apply thread");
    }

    public void Committed(long entries) => _commits.Add(entries);
    public void Proposed(int count) => _proposals.Add(count);
    public void Rejected(int count) => _rejected.Add(count);
    public void ElectionBegun() => _elections.Add(1);
    public void ElectionWon() => _leaderships.Add(1);
    public void SnapshotWritten(ulong bytes) => _snapshotBytes.Add((long)bytes);
    public void SnapshotInstalled(ulong bytes) =>
        _snapshotsInstalled.Add(1, new KeyValuePair<string, object?>("bytes", bytes >= 1 << 20 ? "large" : "small"));
    public void MessageDropped() => _droppedMessages.Add(1);
    public void Appended(double ms) => _appendMs.Record(ms);
    public void Dispose() => _meter.Dispose();
}
