using System.Globalization;
using VideoScale.Platform;

namespace VideoScale.Consensus.Engine.Wal;

/// <summary>
/// Makes zero-filled files in the background, from segments that are not needed any more or anew. Overwriting zeros needs no
/// change of the file's metadata, which makes each sync of the log cheaper by half than appending does.
/// </summary>
internal sealed class SegmentPool : IDisposable
{
    private const int ChunkBytes = 1 << 20;
    private const int SyncEveryBytes = 4 << 20; // small syncs: a large one would hold up the log's own
    private readonly object _gate = new();
    private readonly string _directory;
    private readonly WalOptions _options;
    private readonly Queue<string> _ready = new();
    private readonly Queue<string> _used = new();
    private readonly byte[] _zeros;
    private Thread? _thread;
    private Exception? _failure;
    private ulong _nextName;
    private bool _stopped;

    internal SegmentPool(string directory, WalOptions options)
    {
        _directory = directory;
        _options = options;
        _zeros = new byte[Math.Min(ChunkBytes, Math.Max(options.SegmentBytes, options.FirstSegmentBytes))];
        foreach (var left in Directory.EnumerateFiles(directory, "spare-*")) File.Delete(left); // of unknown content
    }

    internal void Start()
    {
        if (_options.SpareSegments == 0) return;
        _thread = new Thread(Fill) { IsBackground = true, Name = "wal-zero", Priority = ThreadPriority.BelowNormal };
        _thread.Start();
    }

    /// <summary>A zero-filled file of at least this size; waits for the one being made, or makes it here.</summary>
    internal string Take(long minBytes)
    {
        if (_thread is null || minBytes > _options.SegmentBytes) return Make(Math.Max(minBytes, _options.SegmentBytes), null);
        lock (_gate)
        {
            while (_ready.Count == 0 && _failure is null && !_stopped) Monitor.Wait(_gate);
            if (_ready.TryDequeue(out var path)) { Monitor.PulseAll(_gate); return path; }
            _failure = null; // tried once more here, and if it fails again it is the log's failure
            Monitor.PulseAll(_gate);
        }
        return Make(_options.SegmentBytes, null);
    }

    /// <summary>The first segment of a new log.</summary>
    internal string TakeFirst() => Make(Math.Min(_options.FirstSegmentBytes, _options.SegmentBytes), null);

    /// <summary>Takes a segment that the log does not need any more.</summary>
    internal void Recycle(SegmentFile segment)
    {
        segment.Dispose();
        lock (_gate)
        {
            var reusable = segment.Length == _options.SegmentBytes && _thread is not null
                && _ready.Count + _used.Count < _options.SpareSegments;
            if (!reusable) { File.Delete(segment.Path); return; }
            var path = NextName();
            File.Move(segment.Path, path);
            _used.Enqueue(path);
            Monitor.PulseAll(_gate);
        }
    }

    public void Dispose()
    {
        lock (_gate)
        {
            _stopped = true;
            Monitor.PulseAll(_gate);
        }
        _thread?.Join();
    }

    private void Fill()
    {
        while (true)
        {
            string? used;
            lock (_gate)
            {
                while (!_stopped && (_ready.Count >= _options.SpareSegments || _failure is not null)) Monitor.Wait(_gate);
                if (_stopped) return;
                _used.TryDequeue(out used);
            }
            string? made = null;
            Exception? failure = null;
            try
            {
                if (used is null) RequireRoomForOthers();
                made = Make(_options.SegmentBytes, used);
            }
            // a full disk: the log fails only when it needs the segment
            catch (Exception e) when (e is IOException or UnauthorizedAccessException) { failure = e; }
            lock (_gate)
            {
                if (made is not null) _ready.Enqueue(made);
                _failure = failure;
                Monitor.PulseAll(_gate);
            }
        }
    }

    private string Make(long bytes, string? reuse)
    {
        string path;
        lock (_gate) path = reuse ?? NextName();
        try { FillWithZeros(path, bytes); }
        catch (IOException)
        {
            File.Delete(path); // half a spare would only take the space that others on this disk still have
            throw;
        }
        return path;
    }

    /// <summary>A spare must not take the last space: events and snapshots live on the same disk.</summary>
    private void RequireRoomForOthers()
    {
        var free = new DriveInfo(_directory).AvailableFreeSpace;
        if (free < 2L * _options.SegmentBytes) throw new IOException($"{free} bytes are free, too few for a spare segment", DiskFull.Errno);
    }

    private void FillWithZeros(string path, long bytes)
    {
        using var handle = File.OpenHandle(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.ReadWrite);
        for (long at = 0, unsynced = 0; at < bytes;)
        {
            if (Volatile.Read(ref _stopped) && Thread.CurrentThread == _thread) break; // left over; removed at the next start
            var chunk = (int)Math.Min(_zeros.Length, bytes - at);
            RandomAccess.Write(handle, _zeros.AsSpan(0, chunk), at);
            at += chunk;
            unsynced += chunk;
            if (unsynced < SyncEveryBytes && at < bytes) continue;
            Libc.SyncData(handle, path);
            unsynced = 0;
        }
    }

    private string NextName() => Path.Combine(_directory, "spare-" + (_nextName++).ToString(CultureInfo.InvariantCulture));
}
