using System.Diagnostics;
using VideoScale.ControlPlane.Canonical;
using VideoScale.Platform;

namespace VideoScale.ControlPlane.Host.EventLog;

/// <summary>The way from the apply thread to the disk: two buffers that take turns, a thread that writes, late syncs.</summary>
public sealed partial class EventLog
{
    private readonly object _gate = new(); // a monitor: threads wait on it
    private readonly TaskCompletionSource<Exception> _fatal = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private PendingEvents _filling = new(), _writing = new();
    private bool _stopping, _idle = true, _wanted, _waiting;
    private Exception? _failure;
    private ulong _durableSeq, _durableRaftIndex, _writtenRaftIndex, _syncWanted, _syncDone;
    private List<TaskCompletionSource>? _syncWaiters;

    /// <summary>Last event that survives a power loss.</summary>
    public ulong DurableSeq { get { lock (_gate) return _durableSeq; } }

    /// <summary>All events of log entries up to here survive a power loss: log compaction never passes it.</summary>
    public ulong DurableRaftIndex { get { lock (_gate) return _durableRaftIndex; } }

    /// <summary>Completes with the reason when a write or sync failed: the process must end. Never retried.</summary>
    public Task<Exception> Fatal => _fatal.Task;

    /// <summary>A run of log entries was applied: their events go to the writer. Apply thread.</summary>
    public void EndOfBatch(ulong appliedIndex)
    {
        lock (_gate)
        {
            if (_idle && _filling.Frames.Length == 0 && _writer.UnsyncedBytes == 0)
            {
                _durableRaftIndex = Math.Max(_durableRaftIndex, appliedIndex); // nothing is under way: no need to wake anyone
                return;
            }
            _filling.EndedRaftIndex = appliedIndex;
            _wanted = true;
            if (_waiting) Monitor.PulseAll(_gate); // else it is writing, or gathering, and looks by itself
        }
    }

    /// <summary>Brings the sync forward; completes when all that was appended before the call is on disk.</summary>
    public Task SyncAsync()
    {
        lock (_gate)
        {
            if (_failure is not null) return Task.FromException(_failure);
            var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            (_syncWaiters ??= []).Add(done);
            _syncWanted++;
            Wake();
            return done.Task;
        }
    }

    /// <summary>Writes and syncs what is buffered and closes the files.</summary>
    public void Dispose()
    {
        lock (_gate)
        {
            if (_stopping) return;
            _stopping = true;
            Wake();
        }
        _thread.Join();
        _writer.Dispose();
        _compare?.Dispose();
        _sequencer.Dispose();
        _filling.Dispose();
        _writing.Dispose();
    }

    private void Enqueue(ulong seq, SegmentHeader? starts)
    {
        lock (_gate)
        {
            while (_filling.Frames.Length >= _options.MaxBufferedBytes && _failure is null)
            {
                Wake();
                Monitor.Wait(_gate);
            }
            if (_failure is not null) throw new EventLogException(EventLogProblem.WriteFailed, _failure.Message, _failure);
            if (starts is not null) _filling.Starts.Add((_filling.Frames.Length, starts));
            RecordFrame.Append(_filling.Frames, _sequencer.LastRecord, _sequencer.ChainHead);
            _nextInFile = seq % _options.EventsPerSegment == 0 ? 0 : seq + 1;
        }
    }

    /// <summary>Waits until the writer has nothing left; its files may be looked at afterwards.</summary>
    private void Drain()
    {
        lock (_gate)
        {
            if (!_idle || !_filling.IsEmpty) Wake();
            while ((!_idle || _wanted || !_filling.IsEmpty) && _failure is null) Monitor.Wait(_gate);
            if (_failure is not null) throw new EventLogException(EventLogProblem.WriteFailed, _failure.Message, _failure);
        }
    }

    /// <summary>The live file ends here for good.</summary>
    private void SealLive()
    {
        lock (_gate)
        {
            _filling.Seals = true;
            Wake();
        }
        Drain();
        _nextInFile = 0;
    }

    /// <summary>Also out of its pause.</summary>
    private void Wake()
    {
        _wanted = true;
        Monitor.PulseAll(_gate);
    }

    private void RunWriter()
    {
        try
        {
            var syncDue = long.MaxValue; // Stopwatch ticks
            while (WaitForWork(syncDue, out var stop, out var syncWanted))
            {
                var began = Stopwatch.GetTimestamp();
                _writer.Write(_writing);
                if (_writer.UnsyncedBytes > 0 && syncDue == long.MaxValue)
                    syncDue = began + (long)(_options.SyncInterval.TotalSeconds * Stopwatch.Frequency);
                var sync = stop || syncWanted > _syncDone || began >= syncDue || _writer.UnsyncedBytes >= _options.SyncBytes;
                if (sync) _writer.Sync();
                if (_writer.UnsyncedBytes == 0) syncDue = long.MaxValue;
                Finish(syncWanted);
                if (stop) return;
                if (!sync && _options.WriteInterval - Stopwatch.GetElapsedTime(began) is { Ticks: > 0 } rest) Pause(rest);
            }
        }
        catch (Exception e) when (DiskFull.Is(e))
        {
            Fail(new EventLogException(EventLogProblem.WriteFailed,
                $"the event log cannot be written ({e.Message}): {DiskFull.Advice(Directory)}", e));
        }
        catch (Exception e) when (e is EventLogException or IOException or UnauthorizedAccessException) { Fail(e); }
    }

    /// <summary>Lets events gather, so that a busy log writes a few hundred times a second and not once for each entry.</summary>
    private void Pause(TimeSpan rest)
    {
        lock (_gate)
        {
            if (!_stopping && _syncWanted == _syncDone && _filling.Frames.Length < _options.MaxBufferedBytes / 2)
                Monitor.Wait(_gate, rest > TimeSpan.FromMilliseconds(1) ? rest : TimeSpan.FromMilliseconds(1));
        }
    }

    private bool WaitForWork(long syncDue, out bool stop, out ulong syncWanted)
    {
        lock (_gate)
        {
            _idle = true;
            _waiting = true;
            Monitor.PulseAll(_gate);
            while (!_stopping && !_wanted)
            {
                if (syncDue == long.MaxValue) Monitor.Wait(_gate);
                else
                {
                    var rest = (syncDue - Stopwatch.GetTimestamp()) * 1000 / Stopwatch.Frequency;
                    if (rest <= 0 || !Monitor.Wait(_gate, (int)Math.Min(rest + 1, int.MaxValue)) && !_wanted) break;
                }
            }
            _wanted = false;
            _waiting = false;
            _idle = false;
            (stop, syncWanted) = (_stopping, _syncWanted);
            (_filling, _writing) = (_writing, _filling);
            return true;
        }
    }

    private void Finish(ulong syncWanted)
    {
        List<TaskCompletionSource>? waiters = null;
        lock (_gate)
        {
            if (_writing.EndedRaftIndex > 0) _writtenRaftIndex = _writing.EndedRaftIndex;
            _writing.Clear();
            if (_writer.UnsyncedBytes == 0)
            {
                _durableSeq = Math.Max(_durableSeq, Reader.LastSeq);
                _durableRaftIndex = Math.Max(_durableRaftIndex, _writtenRaftIndex);
                _syncDone = syncWanted;
                if (_syncWanted == syncWanted) (waiters, _syncWaiters) = (_syncWaiters, null);
            }
            Monitor.PulseAll(_gate);
        }
        if (waiters is not null) foreach (var waiter in waiters) waiter.SetResult();
    }

    private void Fail(Exception e)
    {
        List<TaskCompletionSource>? waiters;
        lock (_gate)
        {
            _failure = e;
            _idle = true;
            (waiters, _syncWaiters) = (_syncWaiters, null);
            Monitor.PulseAll(_gate);
        }
        if (waiters is not null) foreach (var waiter in waiters) waiter.SetException(e);
        _fatal.TrySetResult(e);
    }
}
