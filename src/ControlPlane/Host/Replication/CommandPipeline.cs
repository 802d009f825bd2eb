using Microsoft.Extensions.Logging;
using VideoScale.Consensus;
using VideoScale.ControlPlane.Canonical;
using VideoScale.ControlPlane.Commands;
using VideoScale.ControlPlane.Host.Clocks;
using VideoScale.ControlPlane.Host.Observability;
using VideoScale.Platform;

namespace VideoScale.ControlPlane.Host.Replication;

/// <summary>Bounds of the pipeline.</summary>
public sealed record PipelineLimits(int CommandsPerEntry, int EntryBytes, int EntriesInFlight, int Waiting, long WaitingBytes);

/// <summary>
/// Carries commands into the log. Commands that arrive together travel in one entry, stamped with log time as the leader has it; no timer
/// waits for more: an entry is proposed as soon as one of the places in flight is free, and what arrives meanwhile fills the next.
/// </summary>
public sealed partial class CommandPipeline : IThreadPoolWorkItem, IAsyncDisposable
{
    private readonly IReplicatedLog _log;
    private readonly Leadership _leadership;
    private readonly IRoomPlacer _placer;
    private readonly LogTimeSource _time;
    private readonly PipelineLimits _limits;
    private readonly ReplicaMetrics _metrics;
    private readonly ILogger<CommandPipeline> _logger;
    private readonly CancellationTokenSource _stop = new();
    private readonly Lock _gate = new();
    private readonly Queue<PendingCommand> _queue = new();
    private readonly Queue<PendingCommand> _taken = new(); // the pump's own; what did not fit into the last entry stays here
    private readonly CanonicalWriter _head = new(32);
    private readonly CanonicalWriter _body = new(64 * 1024);
    private int _commandsTaken; // in _taken
    private ulong _session = RandomNumbers.NonZero();
    private ulong _sequence;
    private int _inFlight;
    private long _waitingBytes;
    private int _left; // commands in _taken while the pump rests
    private bool _pumping;
    private TaskCompletionSource? _drained;

    public CommandPipeline(IReplicatedLog log, Leadership leadership, IRoomPlacer placer, LogTimeSource time, PipelineLimits limits,
        ReplicaMetrics metrics, ILogger<CommandPipeline> logger)
    {
        _log = log;
        _leadership = leadership;
        _placer = placer;
        _time = time;
        _limits = limits;
        _metrics = metrics;
        _logger = logger;
    }

    /// <summary>Commands that wait for a place in an entry.</summary>
    public int Waiting { get { lock (_gate) return _queue.Count + _left; } }

    /// <summary>Proposes a command and completes when it is applied here or its fate is known to be unknown.</summary>
    /// <param name="cancellationToken">The caller's deadline; past it the result is <see cref="SubmitStatus.Unknown"/>, the command may
    /// still be applied.</param>
    public ValueTask<SubmitResult> SubmitAsync(CommandEnvelope envelope, CancellationToken cancellationToken) =>
        SubmitAsync(envelope, null, cancellationToken);

    /// <summary>
    /// Proposes two commands in one entry, in this order and with nothing between them. The result is the second's, or the first's when
    /// both were refused; each keeps the answer to its own request.
    /// </summary>
    /// <param name="then">Null to propose the one alone.</param>
    public ValueTask<SubmitResult> SubmitAsync(CommandEnvelope envelope, CommandEnvelope? then, CancellationToken cancellationToken)
    {
        if (_stop.IsCancellationRequested || !_leadership.IsMine) return new(SubmitResult.NotLeader);
        if (!_time.MayExtend
            && (RecentCommands.Includes(envelope.Command.Type) || (then is not null && RecentCommands.Includes(then.Command.Type))))
            return new(SubmitResult.TooRecent);
        var pending = new PendingCommand(envelope, then);
        bool pump;
        lock (_gate)
        {
            if (_queue.Count >= _limits.Waiting || _waitingBytes + pending.Bytes > _limits.WaitingBytes)
                return new(SubmitResult.Overloaded);
            _queue.Enqueue(pending);
            _waitingBytes += pending.Bytes;
            pump = StartPump();
        }
        pending.LeaveWhen(cancellationToken);
        if (pump) ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
        return pending.Task;
    }

    /// <summary>Waits until nothing is under way.</summary>
    public async ValueTask DrainAsync(CancellationToken cancellationToken)
    {
        Task drained;
        lock (_gate)
        {
            if (IsIdle) return;
            _drained ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            drained = _drained.Task;
        }
        await drained.WaitAsync(cancellationToken);
    }

    /// <summary>Takes no more commands. What is under way is left with an unknown outcome when the log does not answer any more.</summary>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        try { await DrainAsync(CancellationToken.None).AsTask().WaitAsync(TimeSpan.FromSeconds(5)); }
        catch (TimeoutException) { } // the log is gone; its proposals never answer
        _head.Dispose();
        _body.Dispose();
    }

    /// <summary>
    /// The pump: takes commands, places their rooms and fills entries while there are commands and room in flight. One runs at a time.
    /// </summary>
    void IThreadPoolWorkItem.Execute()
    {
        while (TakeCommands())
        {
            PlaceRooms();
            var batch = new List<PendingCommand>(_taken.Count);
            var proposal = Encode(batch);
            _ = CarryAsync(proposal, batch);
        }
    }

    /// <summary>
    /// The leader chooses nodes for new rooms, one after the other in the order of the log, each charged before the next. What an entry
    /// left over has its node already.
    /// </summary>
    private void PlaceRooms()
    {
        foreach (var command in _taken)
            if (command is { IsPlaced: false, IsAbandoned: false }) command.Place(_placer);
    }

    private bool IsIdle => _queue.Count == 0 && _left == 0 && _inFlight == 0;

    private bool StartPump()
    {
        if (_pumping || (_queue.Count == 0 && _left == 0) || _inFlight >= _limits.EntriesInFlight) return false;
        return _pumping = true;
    }

    private bool TakeCommands()
    {
        lock (_gate)
        {
            while (_queue.TryPeek(out var next) && (_taken.Count == 0 || _commandsTaken + next.Count <= _limits.CommandsPerEntry))
            {
                _queue.Dequeue();
                _waitingBytes -= next.Bytes;
                _commandsTaken += next.Count;
                _taken.Enqueue(next);
            }
            _left = _taken.Count;
            if (_left == 0 || _inFlight >= _limits.EntriesInFlight)
            {
                _pumping = false;
                return false;
            }
            _inFlight++;
            return true;
        }
    }

    [LoggerMessage(3001, LogLevel.Error, "Entry {Sequence} ended with an error; its outcome is unknown")]
    private partial void LogEntryFailed(Exception e, ulong sequence);
}
