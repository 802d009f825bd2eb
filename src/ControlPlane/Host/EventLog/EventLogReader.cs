using System.Collections.Immutable;
using System.Text;
using VideoScale.ControlPlane.Audit;
using VideoScale.Model;

namespace VideoScale.ControlPlane.Host.EventLog;

/// <summary>
/// Reads an event log: by number, stream, log index or time, to its end and onwards as it grows. Any thread, any number of readers;
/// what they hold is bounded by one buffer each.
/// </summary>
public sealed class EventLogReader
{
    private readonly Lock _gate = new();
    private ImmutableArray<SegmentPart> _parts;
    private TaskCompletionSource _grown = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private ulong _lastSeq, _floor;

    internal EventLogReader(IEnumerable<SegmentPart> parts)
    {
        _parts = [.. parts];
        _lastSeq = _parts.IsEmpty ? 0 : _parts[^1].Extent.LastSeq;
        _floor = FloorOf(_parts, _lastSeq);
    }

    /// <summary>Last event that can be read; 0 when there is none.</summary>
    public ulong LastSeq => Volatile.Read(ref _lastSeq);

    /// <summary>First event held without a gap up to the end; what is before it is being fetched or was never here.</summary>
    public ulong Floor => Volatile.Read(ref _floor);

    /// <summary>What was found and put right when the directory was opened, one line each.</summary>
    public IReadOnlyList<string> Notes { get; internal init; } = [];

    /// <summary>
    /// What cannot be read in a directory that is only read. A running replica puts such things right when it opens its own.
    /// </summary>
    public IReadOnlyList<SegmentDamage> Damages { get; internal init; } = [];

    internal ImmutableArray<SegmentPart> Parts
    {
        get { lock (_gate) return _parts; }
    }

    /// <summary>Opens the directory of a stopped replica; changes nothing in it.</summary>
    public static EventLogReader OpenDirectory(string directory)
    {
        if (!Directory.Exists(directory))
            throw new EventLogException(EventLogProblem.Foreign, $"{directory} does not exist: name a replica's data directory");
        var segments = new SegmentDirectory(directory, readOnly: true);
        var parts = segments.Load(null, null);
        return new(parts) { Notes = segments.Notes, Damages = segments.Damages };
    }

    /// <summary>Completes when event <paramref name="seq"/> can be read.</summary>
    public async Task WaitAsync(ulong seq, CancellationToken cancellationToken)
    {
        while (true)
        {
            Task grown;
            lock (_gate) grown = _grown.Task;
            if (LastSeq >= seq) return;
            await grown.WaitAsync(cancellationToken);
        }
    }

    /// <summary>Reads from an event on; the event need not exist yet.</summary>
    /// <exception cref="EventLogException">Below the floor.</exception>
    public EventCursor Read(ulong fromSeq)
    {
        if (fromSeq < Floor) throw OutOfRange(fromSeq);
        return new(this, Math.Max(fromSeq, 1));
    }

    /// <summary>Null when the event does not exist yet.</summary>
    /// <exception cref="EventLogException">Below the floor, or damaged on disk.</exception>
    public EventEnvelope? TryGet(ulong seq)
    {
        if (seq == 0 || seq > LastSeq) return null;
        using var cursor = Read(seq);
        return cursor.MoveNext() ? cursor.View.ToEnvelope(cursor.Chain) : null;
    }

    /// <summary>Last event of the log entries up to <paramref name="raftIndex"/>; floor − 1 when none is held.</summary>
    public ulong SeqAtRaftIndex(ulong raftIndex) =>
        LastWhere(e => e.FirstRaftIndex <= raftIndex, index => index.PointByRaftIndex(raftIndex),
            (in EventView view) => view.RaftIndex <= raftIndex);

    /// <summary>Last event up to <paramref name="time"/>; floor − 1 when none is held.</summary>
    public ulong SeqAtTime(LogTime time) =>
        LastWhere(e => e.FirstTime <= time, index => index.PointByTime(time), (in EventView view) => view.OccurredAt <= time);

    /// <summary>Numbers of a stream's events from a version on, ascending, as the log stands now.</summary>
    public IEnumerable<ulong> StreamSeqs(string stream, ulong fromVersion)
    {
        var key = SegmentPart.StreamKey(Encoding.UTF8.GetBytes(stream));
        var last = LastSeq; // an index may know of an event a moment before it can be read
        foreach (var part in Parts)
        {
            if (part.IsEmpty || part.FirstSeq < Floor) continue;
            if (part.Index.FindStream(key) is not { } postings) continue;
            var skip = fromVersion > postings.FirstVersion ? fromVersion - postings.FirstVersion : 0;
            for (var i = skip; i < (ulong)postings.RelativeSeqs.Length; i++)
                if (part.FirstSeq + postings.RelativeSeqs[i] is var seq && seq <= last) yield return seq;
        }
    }

    /// <summary>The newest <paramref name="count"/> events of a stream, ascending.</summary>
    public IReadOnlyList<ulong> LastOfStream(string stream, int count)
    {
        var key = SegmentPart.StreamKey(Encoding.UTF8.GetBytes(stream));
        var (found, last) = (new List<ulong>(), LastSeq);
        foreach (var part in Parts.Reverse())
        {
            if (part.IsEmpty || part.FirstSeq < Floor) continue;
            if (part.Index.FindStream(key) is not { } postings) continue;
            for (var i = postings.RelativeSeqs.Length - 1; i >= 0 && found.Count < count; i--)
                if (part.FirstSeq + postings.RelativeSeqs[i] is var seq && seq <= last) found.Add(seq);
            if (found.Count >= count) break;
        }
        found.Reverse();
        return found;
    }

    /// <summary>Numbers of a stream's events before an event, the last one first.</summary>
    internal IEnumerable<ulong> StreamSeqsBefore(string stream, ulong seq)
    {
        var key = SegmentPart.StreamKey(Encoding.UTF8.GetBytes(stream));
        foreach (var part in Parts.Reverse())
        {
            if (part.IsEmpty || part.FirstSeq < Floor || part.FirstSeq >= seq) continue;
            if (part.Index.FindStream(key) is not { } postings) continue;
            for (var i = postings.RelativeSeqs.Length - 1; i >= 0; i--)
                if (part.FirstSeq + postings.RelativeSeqs[i] is var found && found < seq) yield return found;
        }
    }

    /// <summary>Numbers of a stream's events between two events, both included, ascending.</summary>
    internal IEnumerable<ulong> StreamSeqsBetween(string stream, ulong from, ulong until)
    {
        var key = SegmentPart.StreamKey(Encoding.UTF8.GetBytes(stream));
        var last = Math.Min(until, LastSeq);
        foreach (var part in Parts)
        {
            if (part.IsEmpty || part.FirstSeq < Floor || part.FirstSeq > last || part.Extent.LastSeq < from) continue;
            if (part.Index.FindStream(key) is not { } postings) continue;
            foreach (var relative in postings.RelativeSeqs)
                if (part.FirstSeq + relative is var found && found >= from && found <= last) yield return found;
        }
    }

    internal EventLogException OutOfRange(ulong seq) =>
        new(EventLogProblem.OutOfRange, $"event {seq} is not held here; the floor is {Floor}");

    internal SegmentPart? PartOf(ulong seq)
    {
        var parts = Parts;
        var (low, high) = (0, parts.Length);
        while (low < high)
        {
            var middle = (low + high) / 2;
            if (parts[middle].FirstSeq <= seq) low = middle + 1;
            else high = middle;
        }
        return low > 0 && parts[low - 1].Contains(seq) ? parts[low - 1] : null;
    }

    /// <summary>The log now ends at <paramref name="lastSeq"/>; wakes who waits.</summary>
    internal void Publish(ulong lastSeq)
    {
        TaskCompletionSource grown;
        lock (_gate)
        {
            if (lastSeq < _lastSeq) return;
            Volatile.Write(ref _lastSeq, lastSeq);
            Volatile.Write(ref _floor, FloorOf(_parts, lastSeq));
            grown = _grown;
            _grown = new(TaskCreationOptions.RunContinuationsAsynchronously);
        }
        grown.SetResult();
    }

    internal void ChangeParts(Func<ImmutableArray<SegmentPart>, ImmutableArray<SegmentPart>> change)
    {
        lock (_gate)
        {
            _parts = change(_parts);
            Volatile.Write(ref _floor, FloorOf(_parts, _lastSeq));
        }
    }

    private static ulong FloorOf(ImmutableArray<SegmentPart> parts, ulong lastSeq)
    {
        var floor = lastSeq + 1;
        for (var i = parts.Length - 1; i >= 0; i--)
        {
            if (parts[i].IsEmpty) continue;
            if (parts[i].Extent.LastSeq + 1 < floor) break; // a gap
            floor = parts[i].FirstSeq;
        }
        return floor;
    }

    private delegate bool ViewTest(in EventView view);

    private ulong LastWhere(Func<PartExtent, bool> mayHold, Func<IPartIndex, IndexPoint?> find, ViewTest holds)
    {
        foreach (var part in Parts.Reverse())
        {
            if (part.IsEmpty || part.FirstSeq < Floor || !mayHold(part.Extent)) continue;
            var seq = part.FirstSeq - 1;
            using var cursor = new EventCursor(this, find(part.Index)?.Seq ?? part.FirstSeq);
            while (cursor.MoveNext() && holds(cursor.View)) seq = cursor.Seq;
            return seq;
        }
        return Floor - 1;
    }
}
