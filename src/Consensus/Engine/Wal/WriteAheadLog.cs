using VideoScale.Consensus.Apply.Directories;
using VideoScale.Consensus.Core;
using VideoScale.Consensus.Engine.Ports;

namespace VideoScale.Consensus.Engine.Wal;

/// <summary>
/// The durable log in segment files. One thread writes what arrived during the previous sync, then syncs; there is no timer, so the
/// busier the log, the larger its writes. A failure poisons it: nothing more is acknowledged and nothing is retried.
/// </summary>
public sealed class WriteAheadLog(string directory, MemberId member, WalOptions options) : IWriteAheadLog
{
    private readonly object _gate = new();
    private StagingBuffer _staged = new();
    private StagingBuffer _writing = new();
    private LogWriter? _writer;
    private Thread? _thread;
    private IStorageListener? _listener;
    private LoadedLog? _loaded;
    private ulong _stagedLast;
    private ulong _stagedBase;
    private bool _closing;
    private bool _poisoned;

    public WriteAheadLog(DataDirectory directory, WalOptions options) : this(directory.LogPath, directory.Member, options) { }

    public WalStatistics Statistics { get; } = new();

    /// <summary>Whether <see cref="Load"/> found anything that was ever written.</summary>
    public bool HasRecords { get; private set; }

    /// <summary>Reads the log before somebody asks for it with <see cref="Load"/>, to see whether it is sound.</summary>
    public LoadedLog Preload() => _loaded = Load();

    public LoadedLog Load()
    {
        if (_loaded is { } loaded)
        {
            _loaded = null; // its entries are the caller's from now on
            return loaded;
        }
        if (_writer is not null) throw new InvalidOperationException("the log is loaded already");
        Directory.CreateDirectory(directory);
        var recovered = LogRecovery.Run(directory, member, options);
        HasRecords = recovered.Segments.Count > 1 || recovered.EndOffset > SegmentHeader.Bytes;
        _writer = new LogWriter(directory, member, options, recovered, Statistics);
        _stagedLast = recovered.Tail.LastIndex;
        _stagedBase = recovered.Tail.BaseIndex;
        return recovered.Loaded;
    }

    public void Start(IStorageListener listener)
    {
        if (_writer is null) throw new InvalidOperationException("load the log before it starts");
        _listener = listener;
        _writer.Start();
        _thread = new Thread(Run) { IsBackground = true, Name = "wal" };
        _thread.Start();
    }

    public void Append(in WriteBatch batch)
    {
        var bytes = Measure(batch);
        lock (_gate)
        {
            while (!_staged.HasRoom(bytes, options.MaxStagedBytes) && !_poisoned) Monitor.Wait(_gate);
            if (_poisoned) return; // the listener knows; nothing more becomes durable
            var idle = _staged is { Length: 0, HasToken: false };
            if (batch.HardStateChanged)
            {
                var state = batch.HardState;
                _staged.Add(new RecordHeader
                {
                    Kind = RecordKind.HardState,
                    Term = state.Term,
                    Session = state.Vote.Value,
                    Index = state.Commit,
                });
            }
            if (batch.ResetTo is { } snapshot)
            {
                _staged.Add(new RecordHeader { Kind = RecordKind.Reset, Term = snapshot.Term, Index = snapshot.Index });
                _stagedLast = _stagedBase = snapshot.Index;
            }
            foreach (var piece in batch.Entries) StageEntries(piece.Span);
            _staged.Commit = batch.HardState.Commit;
            _staged.Vouch(batch.Token, batch.Term, batch.LastIndex);
            if (idle) Monitor.PulseAll(_gate);
        }
    }

    public void Compact(ulong index, ulong term)
    {
        lock (_gate)
        {
            if (_poisoned || index <= _stagedBase) return;
            if (index > _stagedLast)
                throw new ConsensusInvariantException($"the log ends at {_stagedLast} and cannot be compacted to {index}");
            _stagedBase = index;
            _staged.Add(new RecordHeader { Kind = RecordKind.Base, Term = term, Index = index });
            Monitor.PulseAll(_gate);
        }
    }

    public async ValueTask DisposeAsync()
    {
        lock (_gate)
        {
            _closing = true;
            Monitor.PulseAll(_gate);
        }
        if (_thread is { } thread) await Task.Run(thread.Join);
        _writer?.Dispose();
    }

    private int Measure(in WriteBatch batch)
    {
        long bytes = 2 * RecordFormat.HeaderBytes + RecordFormat.FooterBytes;
        foreach (var piece in batch.Entries)
        {
            foreach (ref readonly var entry in piece.Span)
            {
                if (entry.Payload.Length > options.MaxPayloadBytes)
                    throw new ArgumentException(
                        $"entry {entry.Index} has {entry.Payload.Length} bytes, the log takes at most {options.MaxPayloadBytes}",
                        nameof(batch));
                bytes += RecordFormat.TotalBytes(entry.Payload.Length);
            }
        }
        return (int)Math.Min(bytes, int.MaxValue);
    }

    private void StageEntries(ReadOnlySpan<Entry> entries)
    {
        foreach (ref readonly var entry in entries)
        {
            if (entry.Index <= _stagedLast)
            {
                _staged.Add(new RecordHeader { Kind = RecordKind.Truncate, Term = entry.Term, Index = entry.Index - 1 });
                _stagedLast = entry.Index - 1;
            }
            if (entry.Index != _stagedLast + 1)
                throw new ConsensusInvariantException($"entry {entry.Index} cannot follow {_stagedLast} in the log");
            _staged.Add(new RecordHeader
            {
                Kind = RecordKind.Entry,
                EntryKind = entry.Kind,
                Term = entry.Term,
                Index = entry.Index,
                Session = entry.Id.Session,
                Sequence = entry.Id.Sequence,
            }, entry.Payload.Span);
            _stagedLast = entry.Index;
        }
    }

    private void Run()
    {
        try
        {
            while (NextBatch() is { } batch)
            {
                if (batch.Length > 0) _writer!.Write(batch); // a batch may have had nothing to write
                if (batch.HasToken) _listener!.OnDurable(batch.Token, batch.Term, batch.LastIndex);
            }
        }
        catch (Exception e)
        {
            lock (_gate)
            {
                _poisoned = true;
                Monitor.PulseAll(_gate);
            }
            _listener!.OnStorageFailed(e as StorageFailedException
                ?? new StorageFailedException($"the log in {directory} failed and stops for good: {e.Message}", e));
        }
    }

    private StagingBuffer? NextBatch()
    {
        lock (_gate)
        {
            _writing.Clear();
            while (_staged is { Length: 0, HasToken: false })
            {
                if (_closing) return null;
                Monitor.Wait(_gate);
            }
            (_staged, _writing) = (_writing, _staged);
            Monitor.PulseAll(_gate); // an appender may wait for room
            return _writing;
        }
    }
}
