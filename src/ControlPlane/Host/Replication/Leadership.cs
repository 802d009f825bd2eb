using VideoScale.Consensus;

namespace VideoScale.ControlPlane.Host.Replication;

/// <summary>Who leads, as this replica knows it; follows <see cref="IReplicatedLog.Roles"/>.</summary>
public sealed class Leadership : IAsyncDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private readonly Lock _gate = new();
    private readonly List<Action<RoleChange>> _listeners = [];
    private readonly Task _following;
    private TaskCompletionSource _changed = New();
    private Holder _now;

    /// <param name="LeaderlessSince">Milliseconds, see <see cref="Environment.TickCount64"/>; null while a leader is known.</param>
    private sealed record Holder(RoleChange Role, long? LeaderlessSince);

    public Leadership(IReplicatedLog log)
    {
        ArgumentNullException.ThrowIfNull(log);
        var status = log.Status;
        _now = new(new RoleChange(status.Role, status.Term, status.Leader), status.Leader.IsNone ? Environment.TickCount64 : null);
        _following = FollowAsync(log);
    }

    public RoleChange Now => Volatile.Read(ref _now).Role;
    public bool IsMine => Now.Role == ReplicaRole.Leader;
    public ulong Term => Now.Term;

    /// <summary>How long no leader has been known; zero while one is.</summary>
    public TimeSpan LeaderlessFor =>
        Volatile.Read(ref _now).LeaderlessSince is { } since ? TimeSpan.FromMilliseconds(Environment.TickCount64 - since) : TimeSpan.Zero;

    /// <summary>Calls back, in order, on every change of role, term or leader; first with what holds now.</summary>
    public void Listen(Action<RoleChange> listener)
    {
        ArgumentNullException.ThrowIfNull(listener);
        lock (_gate)
        {
            _listeners.Add(listener);
            listener(Now);
        }
    }

    /// <summary>Waits until who leads differs from what the caller saw.</summary>
    public async ValueTask WaitForChangeAsync(RoleChange seen, CancellationToken cancellationToken)
    {
        Task changed;
        lock (_gate) changed = _changed.Task;
        if (Now == seen) await changed.WaitAsync(cancellationToken);
    }

    /// <summary>Waits until who leads differs from what the caller saw, for so long.</summary>
    /// <returns>Whether it does.</returns>
    public async ValueTask<bool> ChangesWithinAsync(RoleChange seen, TimeSpan atMost, CancellationToken cancellationToken)
    {
        Task changed;
        lock (_gate) changed = _changed.Task;
        if (Now != seen) return true;
        try { await changed.WaitAsync(atMost, cancellationToken); }
        catch (Exception e) when (e is TimeoutException or OperationCanceledException) { return Now != seen; }
        return true;
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _following;
        _stop.Dispose();
    }

    private async Task FollowAsync(IReplicatedLog log)
    {
        try
        {
            await foreach (var role in log.Roles(_stop.Token)) Publish(role);
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested) { }
        // A log that has stopped leads nothing.
        Publish(new RoleChange(ReplicaRole.Follower, Term, MemberId.None));
    }

    private void Publish(RoleChange role)
    {
        TaskCompletionSource changed;
        lock (_gate)
        {
            if (role == _now.Role) return;
            Volatile.Write(ref _now, new(role, role.Leader.IsNone ? _now.LeaderlessSince ?? Environment.TickCount64 : null));
            changed = _changed;
            _changed = New();
            foreach (var listener in _listeners) listener(role);
        }
        changed.SetResult();
    }

    private static TaskCompletionSource New() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
