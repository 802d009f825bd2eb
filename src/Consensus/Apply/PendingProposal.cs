using System.Collections.Concurrent;
using System.Threading.Tasks.Sources;

namespace VideoScale.Consensus.Apply;

/// <summary>A proposal's waiter: pooled, completed once, by whoever is first (applied, refused, cancelled).</summary>
internal sealed class PendingProposal : IValueTaskSource<ProposeResult>, IThreadPoolWorkItem
{
    private static readonly ConcurrentQueue<PendingProposal> Pool = new();
    private static readonly Action<object?> Cancel = static state =>
        ((PendingProposal)state!).Complete(new ProposeResult(Outcome.Unknown, 0, 0, default));

    private ManualResetValueTaskSourceCore<ProposeResult> _source;
    private CancellationTokenRegistration _cancellation;
    private ProposeResult _result;
    private int _completed;
    private int _holders;

    public ValueTask<ProposeResult> Task => new(this, _source.Version);

    /// <summary>Held by two: the engine, and the caller who awaits it. It returns to the pool when both let go.</summary>
    public static PendingProposal Rent()
    {
        if (!Pool.TryDequeue(out var pending)) pending = new PendingProposal();
        pending._holders = 2;
        pending._completed = 0;
        return pending;
    }

    /// <summary>Before the proposal is queued, so that nobody else has it yet.</summary>
    public void CancelWith(CancellationToken cancellationToken)
    {
        if (cancellationToken.CanBeCanceled) _cancellation = cancellationToken.UnsafeRegister(Cancel, this);
    }

    /// <summary>The engine's last word; it lets go.</summary>
    public void Finish(in ProposeResult result)
    {
        Complete(result);
        LetGo();
    }

    private void Complete(in ProposeResult result)
    {
        if (Interlocked.Exchange(ref _completed, 1) != 0) return;
        _result = result;
        ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false); // the caller goes on there, not on our threads
    }

    public void Execute() => _source.SetResult(_result);

    public ProposeResult GetResult(short token)
    {
        var result = _source.GetResult(token);
        _cancellation.Dispose(); // waits for a callback that is running: afterwards none can touch the next user
        _cancellation = default;
        _result = default;
        _source.Reset();
        LetGo();
        return result;
    }

    public ValueTaskSourceStatus GetStatus(short token) => _source.GetStatus(token);

    public void OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _source.OnCompleted(continuation, state, token, flags);

    private void LetGo()
    {
        if (Interlocked.Decrement(ref _holders) == 0) Pool.Enqueue(this);
    }
}

/// <summary>A read waiting for its fence.</summary>
internal sealed class PendingFence(long deadline) : TaskCompletionSource<ReadFence>(TaskCreationOptions.RunContinuationsAsynchronously)
{
    /// <summary>In the loop's ticks.</summary>
    public long Deadline { get; } = deadline;
    public ulong Index { get; set; }
}
