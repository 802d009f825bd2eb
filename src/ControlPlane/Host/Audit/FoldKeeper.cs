using VideoScale.ControlPlane.Host.Replication;
using VideoScale.ControlPlane.State;

namespace VideoScale.ControlPlane.Host.Audit;

/// <summary>
/// Keeps the state now and then while the log grows, so that the first question about the past does not fold all of it: what the apply
/// thread captures, as for a snapshot, is written by a loop of its own. One is under way at a time; a slow disk keeps fewer, and one that
/// takes none costs answers their speed and nothing else.
/// </summary>
internal sealed class FoldKeeper(KeptFolds folds, EventLog.EventLogReader log) : IStateListener
{
    private readonly WakeSignal _captured = new();
    private readonly Lock _gate = new();
    private (CapturedState State, UInt128 Hash)? _waiting;
    private ulong _newest = folds.Newest; // looked up once: the apply thread reads no directory
    private ulong _next;

    public void OnApplied(ulong appliedIndex, IReadOnlyList<AppliedEvent> events, ClusterState state)
    {
        // Just started or restored: what the log holds may be kept already, and a snapshot's last event need not be held here.
        if (_next == 0) _next = Math.Max(folds.NextAfter(Math.Min(_newest, state.LastEventSeq)), state.LastEventSeq + 1);
        if (state.LastEventSeq < _next) return;
        lock (_gate)
        {
            if (_waiting is not null) return;
            _waiting = (state.Capture(), state.StateHash());
        }
        (_newest, _next) = (state.LastEventSeq, folds.NextAfter(state.LastEventSeq));
        _captured.Set();
    }

    public void OnRestored(ulong appliedIndex, ClusterState state) => _next = 0;

    internal async Task RunAsync(CancellationToken cancellationToken)
    {
        while (!cancellationToken.IsCancellationRequested)
        {
            try
            {
                await _captured.WaitAsync(Timeout.InfiniteTimeSpan, TimeProvider.System, cancellationToken);
                await KeepAsync(cancellationToken);
            }
            catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested) { return; }
        }
    }

    private async Task KeepAsync(CancellationToken cancellationToken)
    {
        (CapturedState State, UInt128 Hash) captured;
        lock (_gate)
        {
            if (_waiting is not { } waiting) return;
            captured = waiting;
        }
        try
        {
            await log.WaitAsync(captured.State.LastEventSeq, cancellationToken); // its last event vouches for it
            folds.Keep(log, captured.State, captured.Hash);
        }
        finally
        {
            lock (_gate) _waiting = null;
        }
    }
}
