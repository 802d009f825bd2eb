namespace VideoScale.ControlPlane.Host.Replication;

/// <summary>Wakes one waiter; a wake that nobody waits for is kept, several become one.</summary>
internal sealed class WakeSignal
{
    private readonly Lock _gate = new();
    private TaskCompletionSource _woken = New();

    internal void Set()
    {
        lock (_gate) _woken.TrySetResult();
    }

    /// <summary>Returns at a wake, or after the time.</summary>
    internal async Task WaitAsync(TimeSpan atMost, TimeProvider clock, CancellationToken cancellationToken)
    {
        Task woken;
        lock (_gate) woken = _woken.Task;
        try { await woken.WaitAsync(atMost, clock, cancellationToken); }
        catch (TimeoutException) { }
        lock (_gate)
        {
            if (_woken.Task.IsCompleted) _woken = New();
        }
    }

    private static TaskCompletionSource New() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
