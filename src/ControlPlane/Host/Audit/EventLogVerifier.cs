using VideoScale.ControlPlane.Audit;
using VideoScale.ControlPlane.Canonical;
using VideoScale.ControlPlane.Catalogue;
using VideoScale.ControlPlane.Cluster;
using VideoScale.ControlPlane.Events;
using VideoScale.ControlPlane.Host.EventLog;
using VideoScale.Model;

namespace VideoScale.ControlPlane.Host.Audit;

/// <param name="Problem">Empty when every hash agrees.</param>
/// <param name="FirstBadSeq">0 when every hash agrees.</param>
/// <param name="From">First event that was verified: the asked one, or where its segment begins, since a chain is checked from a known
/// point.</param>
public sealed record Verification(string Problem, ulong FirstBadSeq, ulong From, ulong To, ulong Events, ulong Checkpoints,
    Hash256 ChainHead, Hash256 MerkleRoot)
{
    public bool Ok => Problem.Length == 0;
}

/// <summary>
/// Hashes events anew and compares all that can be compared: checksums, numbers, ids, order, the stored chain, each segment's account of
/// chain and tree before it, and the checkpoints that a majority of the voters agreed on.
/// </summary>
public static class EventLogVerifier
{
    /// <param name="from">0 for the floor.</param>
    /// <param name="to">0 for the end.</param>
    /// <param name="progress">Gets the last verified event now and then.</param>
    public static Verification Verify(EventLogReader log, ulong from, ulong to, Action<ulong>? progress,
        CancellationToken cancellationToken)
    {
        var damage = log.Damages.Where(d => (to == 0 || d.AfterSeq < to) && (from == 0 || d.AfterSeq + 1 >= from)).OrderBy(d => d.AfterSeq)
            .FirstOrDefault();
        if (from == 0) from = log.Floor;
        if (from < log.Floor) throw log.OutOfRange(from);
        if (to == 0 || to > log.LastSeq) to = log.LastSeq;
        if (to < from)
            return new(WordsOf(damage), damage is null ? 0 : damage.AfterSeq + 1, from, from - 1, 0, 0, Hash256.Zero,
                new MerkleFrontier().Root());
        var run = new Run(log, log.PartOf(from) ?? throw log.OutOfRange(from), to);
        try { run.Go(progress, cancellationToken); }
        catch (EventLogException e) when (e.Problem == EventLogProblem.Corrupt) { return run.Bad(e.Message); }
        catch (CanonicalException e) { return run.Bad($"the record cannot be read: {e.Message}"); }
        var good = run.Good();
        return damage is null ? good : good with { Problem = WordsOf(damage), FirstBadSeq = damage.AfterSeq + 1 };
    }

    private static string WordsOf(SegmentDamage? damage) => damage is null ? ""
        : $"{damage.Path} cannot be read from byte {damage.Offset} on, after event {damage.AfterSeq}: {damage.Problem}. "
        + "If the replica lost power while it wrote, this is a torn tail: start it, and it derives these events again";

    private sealed class Run(EventLogReader log, SegmentPart first, ulong to)
    {
        private readonly MerkleFrontier _tree = first.Header.Frontier.Clone();
        private Hash256 _chain = first.Header.PreviousChain;
        private ulong _seq = first.FirstSeq - 1, _raftIndex, _checkpoints;
        private uint _ordinal;
        private LogTime _time;

        public Verification Good() =>
            new("", 0, first.FirstSeq, _seq, _tree.Size - first.Header.Frontier.Size, _checkpoints, _chain, _tree.Root());

        public Verification Bad(string problem) =>
            new(problem, _seq + 1, first.FirstSeq, _seq, _tree.Size - first.Header.Frontier.Size, _checkpoints, _chain, _tree.Root());

        public void Go(Action<ulong>? progress, CancellationToken cancellationToken)
        {
            CheckBeginning();
            var checkpoints = Checkpoints();
            var next = 0;
            while (next < checkpoints.Count && checkpoints[next].EventSeq <= _seq) next++;
            using var cursor = new EventCursor(log, first.FirstSeq, bufferBytes: 1 << 20);
            SegmentHeader? header = null;
            while (_seq < to && cursor.MoveNext())
            {
                if (!ReferenceEquals(header, cursor.HeaderOfPart)) CheckHeader(header = cursor.HeaderOfPart!, cursor);
                CheckEvent(cursor);
                for (; next < checkpoints.Count && checkpoints[next].EventSeq == _seq; next++) CheckCheckpoint(checkpoints[next]);
                if (_seq % 8_192 != 0) continue;
                cancellationToken.ThrowIfCancellationRequested();
                progress?.Invoke(_seq);
            }
        }

        private void CheckBeginning()
        {
            if (first.FirstSeq == 1)
            {
                Require(first.Header.PreviousChain == Hash256.Zero, first.Path, "the chain does not begin at zero");
                return;
            }
            if (log.PartOf(first.FirstSeq - 1) is null) return; // its account is all there is of what came before
            using var before = new EventCursor(log, first.FirstSeq - 1);
            Require(before.MoveNext() && before.Chain == first.Header.PreviousChain, first.Path,
                "the segment's account of the chain before it differs from that chain");
        }

        private void CheckHeader(SegmentHeader header, EventCursor cursor)
        {
            Require(header.PreviousChain == _chain, cursor.Location, "the segment's account of the chain before it differs from the chain");
            Require(header.Frontier.SameAs(_tree), cursor.Location,
                "the segment's account of the Merkle tree before it differs from the tree");
            Require(header.ClusterId == first.Header.ClusterId, cursor.Location, "the segment belongs to another cluster");
        }

        private void CheckEvent(EventCursor cursor)
        {
            var view = cursor.View;
            var leaf = EventHashes.Leaf(cursor.Record);
            var chain = EventHashes.Chain(_chain, leaf);
            if (Problem(cursor, view, chain) is { } problem) throw Corrupt(cursor.Location, problem);
            (_raftIndex, _ordinal, _time, _chain) = (view.RaftIndex, view.OrdinalInEntry, view.OccurredAt, chain);
            _tree.Append(leaf);
            _seq = view.EventSeq;
        }

        private string? Problem(EventCursor cursor, in EventView view, in Hash256 chain)
        {
            if (cursor.Chain != chain) return "the event does not hash to the chain value stored with it";
            if (view.EventId != EventHashes.EventId(first.Header.ClusterId, view.RaftIndex, view.OrdinalInEntry))
                return "the event's id is not that of its place in the log";
            if (_raftIndex == 0) return null; // the first one: there is nothing that it follows
            if (view.RaftIndex <= _raftIndex && (view.RaftIndex != _raftIndex || view.OrdinalInEntry != _ordinal + 1))
                return $"log place {view.RaftIndex}.{view.OrdinalInEntry} does not follow {_raftIndex}.{_ordinal}";
            return view.OccurredAt < _time ? "time goes back" : null;
        }

        private void CheckCheckpoint(Checkpoint checkpoint)
        {
            var where = $"checkpoint of log index {checkpoint.Index}";
            _seq--; // what is wrong, if anything, is the event the checkpoint covers
            Require(checkpoint.ChainHead.Span.SequenceEqual(_chain.ToArray()), where, "the chain is not the one the voters agreed on");
            Require(checkpoint.MerkleRoot.Span.SequenceEqual(_tree.Root().ToArray()), where,
                "the Merkle root is not the one the voters agreed on");
            _seq++;
            _checkpoints++;
        }

        private List<Checkpoint> Checkpoints() =>
            [.. CommittedCheckpoints.Of(log, log.LastSeq).Select(c => c.Checkpoint)
                .Where(c => c.EventSeq >= first.FirstSeq && c.EventSeq <= to).OrderBy(c => c.EventSeq)];

        private static void Require(bool holds, string where, string problem)
        {
            if (!holds) throw Corrupt(where, problem);
        }

        private static EventLogException Corrupt(string where, string problem) =>
            new(EventLogProblem.Corrupt, $"{problem} ({where})");
    }
}

/// <summary>Checkpoints found in the log itself.</summary>
internal static class CommittedCheckpoints
{
    /// <summary>Each with the number of the event that carries it, ascending; damaged ones end the list: verification finds them.</summary>
    public static IEnumerable<(ulong CarriedBy, Checkpoint Checkpoint)> Of(EventLogReader log, ulong until)
    {
        using var cursors = new CursorNear(log);
        foreach (var seq in log.StreamSeqs("cluster", 0))
        {
            if (seq > until) yield break;
            if (TryRead(cursors, seq, out var checkpoint, out var damaged)) yield return (seq, checkpoint!);
            if (damaged) yield break;
        }
    }

    private static bool TryRead(CursorNear cursors, ulong seq, out Checkpoint? checkpoint, out bool damaged)
    {
        (checkpoint, damaged) = (null, false);
        try
        {
            var view = cursors.At(seq);
            if (!EventTypeTable.TryFind(view.Type, out var type) || type != EventType.CheckpointCommitted) return false;
            checkpoint = ((ClusterEvent.CheckpointCommitted)EventCodec.Read(type, view.SchemaVersion, view.Payload)).Checkpoint;
            return true;
        }
        catch (Exception e) when (e is EventLogException or CanonicalException)
        {
            damaged = true;
            return false;
        }
    }
}

/// <summary>Reads events in ascending order with gaps: goes on in the same file where that is near.</summary>
internal sealed class CursorNear(EventLogReader log) : IDisposable
{
    private const ulong NearEvents = 64;
    private EventCursor? _cursor;

    public EventCursor? Current => _cursor;

    public EventView At(ulong seq)
    {
        if (_cursor is null || seq <= _cursor.Seq || seq - _cursor.Seq > NearEvents)
        {
            _cursor?.Dispose();
            _cursor = new(log, seq);
        }
        while (_cursor.Seq < seq)
            if (!_cursor.MoveNext()) throw log.OutOfRange(seq);
        return _cursor.View;
    }

    public void Dispose() => _cursor?.Dispose();
}
