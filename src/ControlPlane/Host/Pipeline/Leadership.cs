using VideoScale.Consensus;
using VideoScale.Consensus.Host;

namespace VideoScale.ControlPlane.Host.Pipeline;

/// <summary>Who leads, as this replica knows it; follows <see cref="IReplicatedLog.Roles"/>.</summary>
public sealed class Leadership : IAsyncDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private readonly Lock _gate = new();
    private readonly List<Action<RoleChange>> _listeners = [];
    private readonly Task _following;
    private TaskCompletionSource _changed = New();
    private Holder _now;

    private sealed record Holder(RoleChange Role);

    public Leadership(IReplicatedLog log)
    {
        ArgumentNullException.ThrowIfNull(log);
        var status = log.Status;
        _now = new(new RoleChange(status.Role, status.Term, status.Leader));
        _following = FollowAsync(log);
    }

    public RoleChange Now => Volatile.Read(ref _now).Role;
    public bool IsMine => Now.Role == ReplicaRole.Leader;
    public ulong Term => Now.Term;

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

    /// <summary>Waits until some replica is known to lead.</summary>
    public async ValueTask<RoleChange> WaitForLeaderAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            Task changed;
            lock (_gate) changed = _changed.Task;
            var now = Now;
            if (!now.Leader.IsNone) return now;
            await changed.WaitAsync(cancellationToken);
        }
    }

    /// <summary>Waits until who leads differs from what the caller saw.</summary>
    public async ValueTask WaitForChangeAsync(RoleChange seen, CancellationToken cancellationToken)
    {
        Task changed;
        lock (_gate) changed = _changed.Task;
        if (Now == seen) await changed.WaitAsync(cancellationToken);
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
            Volatile.Write(ref _now, new(role));
            changed = _changed;
            _changed = New();
            foreach (var listener in _listeners) listener(role);
        }
        changed.SetResult();
    }

    private static TaskCompletionSource New() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
