using System.Threading.Tasks.Sources;
using VideoScale.ControlPlane.Commands;
using VideoScale.ControlPlane.Rooms;

namespace VideoScale.ControlPlane.Host.Replication;

/// <summary>One submitted command, or two that go together, and whoever waits for the outcome.</summary>
/// <remarks>The waiter may leave early (its deadline): the command goes on, and its fate is unknown to that waiter.</remarks>
/// <param name="then">Run right after it in the same entry, whatever becomes of it; null for a command alone.</param>
internal sealed class PendingCommand(CommandEnvelope envelope, CommandEnvelope? then = null) : IValueTaskSource<SubmitResult>
{
    private ManualResetValueTaskSourceCore<SubmitResult> _source = new() { RunContinuationsAsynchronously = true };
    private CancellationTokenRegistration _cancellation; // disposed by whoever completes first; a late registration is harmless
    private int _completed;

    internal CommandEnvelope Envelope { get; private set; } = envelope;

    internal CommandEnvelope? Then => then;
    internal int Count => then is null ? 1 : 2;

    /// <summary>The leader chose what only it can choose.</summary>
    internal bool IsPlaced { get; private set; }

    /// <summary>About what it takes while it waits: metadata is what makes a command large.</summary>
    internal int Bytes { get; } = (then is null ? SmallBytes : 2 * SmallBytes) + envelope.Command switch
    {
        RoomCommand.Create create => create.Settings.Metadata.Length,
        RoomCommand.Open open => open.Change.Metadata?.Length ?? 0,
        RoomCommand.Update update => update.Change.Metadata?.Length ?? 0,
        _ => 0,
    };
    private const int SmallBytes = 512;

    internal bool IsAbandoned => Volatile.Read(ref _completed) != 0;
    internal ValueTask<SubmitResult> Task => new(this, _source.Version);

    internal void Place(IRoomPlacer placer)
    {
        (Envelope, IsPlaced) = (placer.Place(Envelope, out var refusal), true);
        if (refusal is not null) Complete(SubmitResult.Full(refusal));
    }

    /// <summary>Call once; the command may be queued already.</summary>
    internal void LeaveWhen(CancellationToken cancellationToken)
    {
        if (cancellationToken.CanBeCanceled)
            _cancellation = cancellationToken.UnsafeRegister(static state => ((PendingCommand)state!).Complete(SubmitResult.Unknown), this);
    }

    internal void Complete(in SubmitResult result)
    {
        if (Interlocked.Exchange(ref _completed, 1) != 0) return;
        _cancellation.Unregister();
        _source.SetResult(result);
    }

    SubmitResult IValueTaskSource<SubmitResult>.GetResult(short token) => _source.GetResult(token);
    ValueTaskSourceStatus IValueTaskSource<SubmitResult>.GetStatus(short token) => _source.GetStatus(token);
    void IValueTaskSource<SubmitResult>.OnCompleted(Action<object?> continuation, object? state, short token,
        ValueTaskSourceOnCompletedFlags flags) =>
        _source.OnCompleted(continuation, state, token, flags);
}
