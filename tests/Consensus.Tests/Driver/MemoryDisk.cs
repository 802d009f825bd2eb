using VideoScale.Consensus;
using VideoScale.Consensus.Apply.Snapshots;
using VideoScale.Consensus.Core;
using VideoScale.Consensus.Engine.Ports;

namespace VideoScale.Consensus.Tests.Driver;

/// <summary>What a replica's disk holds; outlives the logs that are opened on it. A sync takes as long as the test says.</summary>
internal sealed class MemoryDisk : ISnapshotStore
{
    private readonly Lock _gate = new();
    private readonly List<Entry> _entries = [];
    private HardState _hardState;
    private ulong _baseIndex;
    private ulong _baseTerm;
    private (SnapshotMeta Meta, byte[] Bytes)? _snapshot;

    public TimeSpan SyncTime { get; set; }
    public Exception? FailNextSync { get; set; }
    public int Syncs { get; private set; }
    public SnapshotMeta? Latest { get { lock (_gate) return _snapshot?.Meta; } }

    public LoadedLog Load()
    {
        lock (_gate) return new LoadedLog(_hardState, _baseIndex, _baseTerm, [.. _entries]);
    }

    public IStoredSnapshot? Open(ulong index)
    {
        lock (_gate) return _snapshot is { } held && held.Meta.Index == index ? new Stored(held.Meta, held.Bytes) : null;
    }

    public ISnapshotSink Create(SnapshotMeta meta) => new Sink(this, meta);

    public void Put(SnapshotMeta meta, byte[] bytes)
    {
        lock (_gate)
        {
            if (_snapshot is null || _snapshot.Value.Meta.Index < meta.Index) _snapshot = (meta, bytes);
        }
    }

    public byte[] SnapshotBytes { get { lock (_gate) return _snapshot?.Bytes ?? []; } }

    internal void Write(HardState hardState, SnapshotMeta? resetTo, IReadOnlyList<Entry> entries)
    {
        lock (_gate)
        {
            Syncs++;
            _hardState = hardState;
            if (resetTo is not null)
            {
                _entries.Clear();
                (_baseIndex, _baseTerm) = (resetTo.Index, resetTo.Term);
            }
            if (entries.Count == 0) return;
            var at = (int)(entries[0].Index - _baseIndex - 1);
            _entries.RemoveRange(at, _entries.Count - at);
            _entries.AddRange(entries);
        }
    }

    /// <summary>As after rot: what stands behind an index is gone, and how to vote is not known any more.</summary>
    public void LoseFrom(ulong index)
    {
        lock (_gate)
        {
            _entries.RemoveAll(entry => entry.Index >= index);
            _hardState = _hardState with { Commit = Math.Min(_hardState.Commit, index - 1) };
        }
    }

    internal void Compact(ulong index, ulong term)
    {
        lock (_gate)
        {
            if (index <= _baseIndex) return;
            _entries.RemoveRange(0, (int)(index - _baseIndex));
            (_baseIndex, _baseTerm) = (index, term);
        }
    }

    private sealed class Stored(SnapshotMeta meta, byte[] bytes) : IStoredSnapshot
    {
        public SnapshotMeta Meta => meta;
        public ulong Bytes => (ulong)bytes.Length;
        public ulong Index => meta.Index;
        public Stream OpenRead() => new MemoryStream(bytes, writable: false);
        public void Dispose() { }
    }

    private sealed class Sink(MemoryDisk disk, SnapshotMeta meta) : ISnapshotSink
    {
        private readonly MemoryStream _stream = new();
        public Stream Stream => _stream;

        public ulong Commit()
        {
            disk.Put(meta, _stream.ToArray());
            return (ulong)_stream.Length;
        }

        public void Dispose() => _stream.Dispose();
    }
}

/// <summary>
/// A log on a <see cref="MemoryDisk"/>, durable on a thread of its own, like the real one; what is not synced when it is closed is lost.
/// </summary>
internal sealed class MemoryWal(MemoryDisk disk) : IWriteAheadLog
{
    private readonly object _gate = new();
    private readonly Queue<Batch> _queue = new();
    private Thread? _thread;
    private bool _closed;

    private sealed record Batch(ulong Token, ulong Term, ulong LastIndex, HardState HardState, SnapshotMeta? ResetTo, List<Entry> Entries);

    public LoadedLog Load() => disk.Load();

    public void Start(IStorageListener listener)
    {
        _thread = new Thread(() => Run(listener)) { IsBackground = true };
        _thread.Start();
    }

    public void Append(in WriteBatch batch)
    {
        var entries = new List<Entry>();
        foreach (var piece in batch.Entries)
        {
            foreach (var entry in piece.Span)
                entries.Add(new Entry(entry.Index, entry.Term, entry.Kind, entry.Id, entry.Payload.ToArray()));
        }
        lock (_gate)
        {
            _queue.Enqueue(new Batch(batch.Token, batch.Term, batch.LastIndex, batch.HardState, batch.ResetTo, entries));
            Monitor.Pulse(_gate);
        }
    }

    public void Compact(ulong index, ulong term) => disk.Compact(index, term);

    public ValueTask DisposeAsync()
    {
        lock (_gate)
        {
            _closed = true;
            Monitor.Pulse(_gate);
        }
        _thread?.Join();
        return ValueTask.CompletedTask;
    }

    private void Run(IStorageListener listener)
    {
        while (true)
        {
            Batch batch;
            lock (_gate)
            {
                while (_queue.Count == 0 && !_closed) Monitor.Wait(_gate);
                if (_closed) return;
                batch = _queue.Dequeue();
            }
            if (disk.SyncTime > TimeSpan.Zero) Thread.Sleep(disk.SyncTime);
            if (disk.FailNextSync is { } failure)
            {
                listener.OnStorageFailed(failure);
                return;
            }
            disk.Write(batch.HardState, batch.ResetTo, batch.Entries);
            listener.OnDurable(batch.Token, batch.Term, batch.LastIndex);
        }
    }
}
