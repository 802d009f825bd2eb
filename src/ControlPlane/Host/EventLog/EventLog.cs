using System.Diagnostics;
using VideoScale.ControlPlane.Audit;
using VideoScale.ControlPlane.Canonical;
using VideoScale.Model;

namespace VideoScale.ControlPlane.Host.EventLog;

/// <summary>Where the log stands on the apply thread: what checkpoints compare.</summary>
public readonly record struct EventLogHead(ulong EventSeq, Hash256 ChainHead, Hash256 MerkleRoot);

/// <summary>
/// One replica's event log. <see cref="Append"/>, <see cref="EndOfBatch"/>, <see cref="Restore"/>, <see cref="Capture"/> and
/// <see cref="Head"/>
/// belong to the apply thread; a thread of the log's own writes and syncs. Everything else may be called from anywhere.
/// </summary>
/// <remarks>
/// After a restart the state machine derives events anew; those already on disk are compared, not written: a difference is divergence and
/// stops the replica.
/// </remarks>
public sealed partial class EventLog : IDisposable
{
    private readonly UInt128 _clusterId;
    private readonly EventLogOptions _options;
    private readonly EventSequencer _sequencer;
    private readonly SegmentWriter _writer;
    private readonly Thread _thread;
    private ulong _nextInFile;     // event the live file goes on with; 0 when there is none
    private ulong _appendedSeq;
    private ulong _onDiskSeq;      // up to here events are compared instead of written
    private EventCursor? _compare; // apply thread's place among the events on disk

    private EventLog(string directory, UInt128 clusterId, EventLogOptions options, EventLogReader reader)
    {
        _clusterId = clusterId;
        _options = options;
        _sequencer = new(clusterId);
        Directory = directory;
        Reader = reader;
        _writer = new(directory, reader);
        _onDiskSeq = _durableSeq = reader.LastSeq;
        if (reader.Parts is [.., { Closed: false } live])
        {
            _writer.Continue(live);
            _nextInFile = live.Extent.LastSeq + 1;
        }
        _thread = new(RunWriter) { IsBackground = true, Name = "event log" };
        _thread.Start();
    }

    public string Directory { get; }
    public EventLogReader Reader { get; }
    public UInt128 ClusterId => _clusterId;
    public uint EventsPerSegment => _options.EventsPerSegment;

    /// <summary>Opens or makes a replica's event log.</summary>
    /// <param name="clusterId">From the data directory's identity.</param>
    /// <exception cref="EventLogException">Another cluster's data, or another setting.</exception>
    public static EventLog Open(string directory, UInt128 clusterId, EventLogOptions? options = null)
    {
        options ??= new();
        if (options.Check() is { } problem) throw new ArgumentException(problem, nameof(options));
        System.IO.Directory.CreateDirectory(directory);
        foreach (var leftover in System.IO.Directory.EnumerateFiles(directory, "*.new")) File.Delete(leftover);
        var segments = new SegmentDirectory(directory, readOnly: false);
        var parts = segments.Load(clusterId, options.EventsPerSegment);
        if (parts is [.., { Closed: false } live]) // what a crash left unsynced counts as held from here on, so it must be
            using (var file = File.OpenHandle(live.Path, FileMode.Open, FileAccess.ReadWrite)) Disk.SyncData(file, live.Path);
        Disk.SyncDirectory(directory);
        return new(directory, clusterId, options, new(parts) { Notes = segments.Notes })
        {
            ReachesIndex = parts.Count == 0 ? 0
            : parts.Max(part => part.Extent.LastRaftIndex)
        };
    }

    /// <summary>
    /// Index of the replicated log's entry that the last event on disk follows from; 0 when there is none. As of the opening.
    /// </summary>
    internal ulong ReachesIndex { get; private init; }

    /// <summary>event_seq the next event gets.</summary>
    public ulong NextSeq => _sequencer.LastSeq + 1;

    /// <summary>Last event derived here; readers see it a moment later. Any thread.</summary>
    public ulong AppendedSeq => Volatile.Read(ref _appendedSeq);

    /// <summary>Number, chain head and Merkle root after the last event. Apply thread.</summary>
    public EventLogHead Head => new(_sequencer.LastSeq, _sequencer.ChainHead, _sequencer.Frontier.Root());

    public Hash256 ChainHead => _sequencer.ChainHead;

    /// <summary>The id an event has, from its place in the replicated log.</summary>
    public EventId EventIdOf(ulong raftIndex, uint ordinal) => EventHashes.EventId(_clusterId, raftIndex, ordinal);

    /// <summary>Numbers, hashes and keeps an event. Waits only when the writer is a whole buffer behind. Apply thread.</summary>
    /// <exception cref="EventLogException">The event differs from the one on disk, or an earlier write failed.</exception>
    public SequencedEvent Append(in EventDraft draft)
    {
        var starts = NextSeq > _onDiskSeq && NextSeq != _nextInFile
            ? new SegmentHeader(_clusterId, _options.EventsPerSegment, NextSeq, _sequencer.ChainHead, _sequencer.Frontier.Clone())
            : null;
        var place = _sequencer.Next(draft);
        if (place.EventSeq <= _onDiskSeq) Compare(place.EventSeq);
        else Enqueue(place.EventSeq, starts);
        Volatile.Write(ref _appendedSeq, place.EventSeq);
        return place;
    }

    /// <summary>The tail as of now, for a snapshot; quick. Apply thread; write and dispose it on any.</summary>
    public EventTail Capture() => _sequencer.Capture();

    /// <summary>Goes on from a snapshot's tail. Apply thread.</summary>
    /// <param name="tail">What <see cref="EventTail.WriteTo"/> wrote; reads only that.</param>
    /// <param name="raftIndex">Index of the snapshot.</param>
    /// <exception cref="EventLogException">The log on disk is another past than the snapshot's.</exception>
    public void Restore(ref CanonicalReader tail, ulong raftIndex)
    {
        Drain();
        _sequencer.Restore(ref tail);
        StandAt(raftIndex);
    }

    /// <summary>Goes back to before the first event: the replicated log is applied from its beginning. Apply thread.</summary>
    public void RestoreEmpty()
    {
        Drain();
        _sequencer.Clear();
        StandAt(0);
    }

    private void StandAt(ulong raftIndex)
    {
        _compare?.Dispose();
        _compare = null;
        var (seq, head) = (_sequencer.LastSeq, _sequencer.ChainHead);
        _onDiskSeq = Reader.LastSeq;
        if (seq > 0 && Reader.PartOf(seq) is not null)
        {
            using var cursor = new EventCursor(Reader, seq);
            if (cursor.MoveNext() && cursor.Chain != head) throw Diverged(seq, cursor.Location, cursor.Chain, head);
        }
        else if (Reader.PartOf(seq + 1) is { } next && next.Header.PreviousChain != head)
            throw Diverged(seq, next.Path, next.Header.PreviousChain, head);
        if (seq > _onDiskSeq) // what lies between is fetched from peers; the log goes on behind a gap
        {
            SealLive();
            _onDiskSeq = seq;
        }
        lock (_gate)
        {
            if (seq > 0) Anchor = new(seq, head, _sequencer.Frontier.Clone());
            _durableRaftIndex = Math.Max(_durableRaftIndex, raftIndex);
            _durableSeq = Math.Max(_durableSeq, seq);
        }
        Reader.Publish(Math.Max(Reader.LastSeq, seq));
    }

    /// <summary>Where the last snapshot's tail stood: what segments fetched from peers must lead to.</summary>
    internal EventAnchor? Anchor { get; private set; }

    private void Compare(ulong seq)
    {
        if (_compare is null || _compare.Seq + 1 != seq)
        {
            if (Reader.PartOf(seq) is null) return; // in a gap: fetched from peers, checked then
            _compare?.Dispose();
            _compare = new(Reader, seq, bufferBytes: 256 * 1024);
        }
        if (!_compare.MoveNext()) throw new UnreachableException("what is on disk can be read");
        if (_compare.Chain != _sequencer.ChainHead || !_compare.Record.SequenceEqual(_sequencer.LastRecord))
            throw Diverged(seq, _compare.Location, _compare.Chain, _sequencer.ChainHead);
        if (seq < _onDiskSeq && Reader.PartOf(seq + 1) is not null) return;
        _compare.Dispose();
        _compare = null;
    }

    private static EventLogException Diverged(ulong seq, string location, in Hash256 onDisk, in Hash256 derived) =>
        new(EventLogProblem.Diverged,
            $"event {seq} was derived anew and differs from the one on disk ({location}): chain {derived} now, {onDisk} then. "
            + "This replica must not go on: keep its data directory for analysis and let the replica join anew");
}

/// <summary>A point of the chain that is known to be right.</summary>
internal sealed record EventAnchor(ulong Seq, Hash256 Chain, MerkleFrontier Frontier);
