using VideoScale.ControlPlane.Audit;
using VideoScale.ControlPlane.Canonical;
using VideoScale.ControlPlane.Catalogue;
using VideoScale.ControlPlane.Cluster;
using VideoScale.ControlPlane.Events;
using VideoScale.ControlPlane.Host.EventLog;
using VideoScale.ControlPlane.State;
using VideoScale.Model;
using VideoScale.V1;
using Checkpoint = VideoScale.ControlPlane.Cluster.Checkpoint;

namespace VideoScale.ControlPlane.Host.Audit;

/// <param name="Checkpoints">Agreed state hashes that were compared.</param>
/// <param name="Problem">Empty when all were equal.</param>
public sealed record ReplayResult(ulong Events, UInt128 StateHash, Hash256 ChainHead, ulong Checkpoints, ulong LastCheckpointIndex,
    ulong LastCheckpointSeq, string Problem);

/// <summary>Folds a log from its first event and compares the state's hash with each checkpoint on the way.</summary>
public static class LogReplay
{
    private const ulong ProgressEveryEvents = 100_000;

    /// <summary>From a directory.</summary>
    /// <exception cref="EventLogException">Damaged, or not held from its first event.</exception>
    public static ReplayResult Run(EventLogReader log, ulong until, Action<ulong> progress, CancellationToken cancellationToken)
    {
        var compare = new Comparison(CommittedCheckpoints.Of(log, until).Select(c => c.Checkpoint).Where(c => c.EventSeq <= until));
        var state = new ClusterState();
        compare.AtBeginning(state);
        DomainFold.Run(log, state, until, compare.Stops(until), reached =>
        {
            compare.At(reached);
            progress(reached.LastEventSeq);
        }, cancellationToken);
        return compare.Result(state, log.TryGet(state.LastEventSeq)?.Chain ?? Hash256.Zero);
    }

    /// <summary>From a running cluster: what comes over the wire is hashed here, not believed.</summary>
    public static async Task<ReplayResult> RunAsync(
        Func<ReadAllRequest, IAsyncEnumerable<Event>> readAll, Func<ReadStreamRequest, IAsyncEnumerable<Event>> readStream, ulong until,
            Action<ulong> progress, CancellationToken cancellationToken)
    {
        var checkpoints = new List<Checkpoint>();
        await foreach (var e in readStream(new() { Stream = "cluster" }).WithCancellation(cancellationToken))
            if (e.EventSeq <= until && e.Type == nameof(EventType.CheckpointCommitted))
                checkpoints.Add(((ClusterEvent.CheckpointCommitted)Decode(e)).Checkpoint);
        var compare = new Comparison(checkpoints.Where(c => c.EventSeq <= until));
        var (state, chain) = (new ClusterState(), Hash256.Zero);
        compare.AtBeginning(state);
        using var record = new CanonicalWriter();
        using var stops = compare.Stops(until).GetEnumerator();
        var next = stops.MoveNext() ? stops.Current : ulong.MaxValue;
        if (until > 0)
        {
            await foreach (var e in readAll(new() { FromSeq = 1, ToSeq = until }).WithCancellation(cancellationToken))
            {
                chain = Fold(state, e, chain, record);
                if (e.EventSeq != next) continue;
                compare.At(state);
                progress(e.EventSeq);
                next = stops.MoveNext() ? stops.Current : ulong.MaxValue;
            }
        }
        return compare.Result(state, chain);
    }

    private static Hash256 Fold(ClusterState state, Event e, in Hash256 before, CanonicalWriter record)
    {
        if (e.EventSeq != state.LastEventSeq + 1)
            throw new EventLogException(EventLogProblem.Corrupt, $"event {e.EventSeq} came where event {state.LastEventSeq + 1} was due");
        record.Reset();
        EventMapping.WriteRecord(record, e);
        var chain = EventHashes.Chain(before, EventHashes.Leaf(record.WrittenSpan));
        if (!e.ChainHash.Span.SequenceEqual(chain.ToArray()))
            throw new EventLogException(EventLogProblem.Corrupt, $"event {e.EventSeq} does not hash to the chain value that came with it");
        try { state.Evolve(Decode(e), new(e.EventSeq, e.RaftIndex, e.RaftTerm, e.OrdinalInEntry, new(e.OccurredAtMs))); }
        catch (InvariantViolation violation)
        {
            throw new EventLogException(EventLogProblem.Corrupt,
                $"event {e.EventSeq} cannot follow what was before it: {violation.Message}", violation);
        }
        return chain;
    }

    private static DomainEvent Decode(Event e)
    {
        try
        {
            return Enum.TryParse<EventType>(e.Type, out var type)
                ? EventCodec.Read(type, e.SchemaVersion, e.PayloadCanonical.Span)
                : throw new CanonicalException($"type \"{e.Type}\" is unknown to this program: a newer one wrote the log");
        }
        catch (CanonicalException damaged)
        {
            throw new EventLogException(EventLogProblem.Corrupt, $"event {e.EventSeq} cannot be read: {damaged.Message}", damaged);
        }
    }

    private sealed class Comparison(IEnumerable<Checkpoint> checkpoints)
    {
        private readonly ILookup<ulong, Checkpoint> _bySeq = checkpoints.ToLookup(c => c.EventSeq);
        private ulong _compared, _lastIndex, _lastSeq;
        private string _problem = "";

        public SortedSet<ulong> Stops(ulong until)
        {
            var stops = new SortedSet<ulong>(_bySeq.Select(g => g.Key).Where(seq => seq > 0));
            for (var seq = ProgressEveryEvents; seq <= until; seq += ProgressEveryEvents) stops.Add(seq);
            return stops;
        }

        public void AtBeginning(ClusterState state) => At(state);

        public void At(ClusterState state)
        {
            foreach (var checkpoint in _bySeq[state.LastEventSeq])
            {
                if (state.StateHash() != checkpoint.StateHash && _problem.Length == 0)
                    _problem =
                        $"at log index {checkpoint.Index} (event {checkpoint.EventSeq}) the voters agreed on state hash "
                        + $"{checkpoint.StateHash:x32}, the fold has {state.StateHash():x32}";
                (_lastIndex, _lastSeq) = (checkpoint.Index, checkpoint.EventSeq);
                _compared++;
            }
        }

        public ReplayResult Result(ClusterState state, in Hash256 chain) =>
            new(state.LastEventSeq, state.StateHash(), chain, _compared, _lastIndex, _lastSeq, _problem);
    }
}
