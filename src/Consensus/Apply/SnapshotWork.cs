using VideoScale.Consensus.Apply.Snapshots;

namespace VideoScale.Consensus.Apply;

/// <summary>A snapshot that became durable, and who asked for it.</summary>
internal sealed record SnapshotDone(SnapshotMeta Meta, ulong Bytes, List<TaskCompletionSource<SnapshotInfo>> Askers);

/// <summary>
/// Writes snapshots in the background, one at a time: captured on the apply thread, serialized on a thread of its own.
/// A snapshot that cannot be written (disk full) costs only space: the log is kept, and the next one is tried later.
/// </summary>
internal sealed class SnapshotWork(ISnapshotStore store, long logBytes, Action<SnapshotDone> done, Action<Exception> failed)
    : IAsyncDisposable
{
    private const int MostTimesLogBytes = 8; // bounds the log's place on disk, and what a restart replays
    private readonly CancellationTokenSource _stop = new();
    private List<TaskCompletionSource<SnapshotInfo>> _askers = [];
    private volatile bool _running;
    private long _lastBytes;
    private Task _writing = Task.CompletedTask;

    /// <summary>Apply thread: somebody wants a snapshot of what is applied by then.</summary>
    public void Request(TaskCompletionSource<SnapshotInfo>? asker)
    {
        if (asker is not null) _askers.Add(asker);
    }

    /// <summary>
    /// Apply thread. After as much log as the last snapshot was large: what is written for snapshots stays in proportion to what is written
    /// for the log, however large state becomes.
    /// </summary>
    public bool IsDue(long bytesSinceLast, ulong applied) =>
        !_running && applied > 0 && (_askers.Count > 0 || bytesSinceLast >= Math.Max(logBytes,
        Math.Min(Interlocked.Read(ref _lastBytes), MostTimesLogBytes * logBytes)));

    /// <summary>Apply thread: the state has been captured.</summary>
    public void Begin(SnapshotMeta meta, byte[] sessions, ISnapshotWriter writer)
    {
        _running = true;
        var askers = _askers;
        _askers = [];
        _writing = Task.Factory.StartNew(() => Write(meta, sessions, writer, askers), CancellationToken.None,
            TaskCreationOptions.LongRunning, TaskScheduler.Default);
    }

    /// <summary>The loop is done with the last one: the next may begin.</summary>
    public void Finished() => _running = false;

    public void Abandon()
    {
        foreach (var asker in _askers) asker.TrySetCanceled();
        _askers.Clear();
    }

    /// <summary>Gives up what is being written.</summary>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _writing;
        _stop.Dispose();
    }

    private void Write(SnapshotMeta meta, byte[] sessions, ISnapshotWriter writer, List<TaskCompletionSource<SnapshotInfo>> askers)
    {
        try
        {
            ulong bytes;
            using (writer)
            using (var sink = store.Create(meta))
            {
                SnapshotEnvelope.Write(sink.Stream, sessions);
                writer.WriteTo(sink.Stream, _stop.Token);
                bytes = sink.Commit();
            }
            Interlocked.Exchange(ref _lastBytes, (long)bytes);
            done(new SnapshotDone(meta, bytes, askers));
        }
        catch (OperationCanceledException)
        {
            foreach (var asker in askers) asker.TrySetCanceled();
        }
        catch (Exception e)
        {
            foreach (var asker in askers) asker.TrySetException(e);
            _running = false;
            failed(e);
        }
    }
}
