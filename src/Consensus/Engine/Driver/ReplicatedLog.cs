using Microsoft.Extensions.Logging;
using VideoScale.Consensus.Apply;
using VideoScale.Consensus.Apply.Snapshots;
using VideoScale.Consensus.Core;
using VideoScale.Consensus.Engine.Ports;

namespace VideoScale.Consensus.Engine.Driver;

/// <summary>
/// The engine behind the seam: one loop thread steps the core, hands writes to the log, sends, and hands committed entries to the
/// apply thread. It owns the ports it is given and disposes of them.
/// </summary>
public sealed partial class ReplicatedLog : IReplicatedLog
{
    private readonly ReplicatedLogOptions _options;
    private readonly IWriteAheadLog _wal;
    private readonly ISnapshotStore _store;
    private readonly ITransport _transport;
    private readonly ILogger _logger;
    private readonly ConsensusMetrics _metrics;
    private readonly SlabPool _slabs = new();
    private readonly Inbox _inbox;
    private readonly ApplyThread _apply;
    private readonly SnapshotWork _snapshots;
    private readonly RoleFeed _roles;
    private readonly RaftCore _core;
    private readonly Thread _thread;
    private readonly TaskCompletionSource<Exception> _fatal = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private HardState _loadedHardState;
    private SnapshotMeta? _resetFirst;
    private int _disposed;

    private ReplicatedLog(ReplicatedLogOptions options, IWriteAheadLog wal, ISnapshotStore store, ITransport transport,
        IReplicatedStateMachine machine, ILogger logger)
    {
        _options = options;
        _wal = wal;
        _store = store;
        _transport = transport;
        _logger = logger;
        _metrics = new ConsensusMetrics(options.Self);
        _inbox = new Inbox(options, _slabs, _metrics);
        var restored = Restore();
        _core = new RaftCore(options.Self, restored, options.Raft, options.Seed);
        _handedTo = restored.Snapshot.Index;
        _underRepair = _core.IsRepairing;
        _beganAsNew = _core.IsNew;
        _seen.UnionWith(options.KnownAddresses.Select(address => address.Member).Where(member => member != options.Self));
        _nextReadContext = options.Seed | 1; // a read's number never comes again, not after a restart either
        _snapshots = new SnapshotWork(store, options.SnapshotLogBytes,
            done => { if (!_inbox.Add(new Control(ControlKind.SnapshotDone, Subject: done))) CancelAll(done.Askers); }, LogSnapshotFailed);
        _apply = new ApplyThread($"raft-apply-{options.Self}", machine, store, _snapshots, _metrics, _slabs, restored.Snapshot,
            () => Volatile.Read(ref _ticks), OnApplied, Fail);
        _metrics.Observe(() => _inbox.ProposalDepth, () => _apply.Depth);
        _roles = new RoleFeed(new RoleChange(ReplicaRole.Follower, _core.Term, MemberId.None));
        Publish();
        _thread = new Thread(Run) { IsBackground = true, Name = $"raft-loop-{options.Self}" };
    }

    /// <summary>Reads the disk and joins the others. The state machine is restored on the apply thread.</summary>
    public static ReplicatedLog Start(
        ReplicatedLogOptions options, IWriteAheadLog wal, ISnapshotStore snapshots, ITransport transport, IReplicatedStateMachine machine,
            ILogger logger)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(wal);
        ArgumentNullException.ThrowIfNull(transport);
        var log = new ReplicatedLog(options, wal, snapshots, transport, machine, logger);
        wal.Start(log._inbox);
        log.WriteResetIfNeeded();
        log._apply.Start();
        transport.Start(log._inbox);
        log._thread.Start();
        log.LogStarted(options.Self, log._core.Term, log._core.Log.BaseIndex, log._core.Log.LastIndex, log._core.Snapshot.Index);
        return log;
    }

    public LogCapabilities Capabilities =>
        LogCapabilities.Membership | LogCapabilities.Transfer | LogCapabilities.Snapshots | LogCapabilities.ExactlyOnceSessions
            | LogCapabilities.LinearizableReads | LogCapabilities.Repair | LogCapabilities.Recovery;

    public string EngineName => RaftEngine.EngineName;

    public ulong GoesOnAfter => _options.GoesOnAfter;

    public Task<Exception> Fatal => _fatal.Task;

    public IAsyncEnumerable<RoleChange> Roles(CancellationToken cancellationToken) => _roles.Listen(cancellationToken);

    public ValueTask<ProposeResult> ProposeAsync(ProposalId id, ReadOnlyMemory<byte> command, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(command.Length, _options.MaxCommandBytes);
        var refused = RejectReason.NotLeader;
        if (_leading)
        {
            var waiter = PendingProposal.Rent();
            waiter.CancelWith(cancellationToken);
            var task = waiter.Task;
            refused = _inbox.TryPropose(id, command.Span, waiter);
            if (refused == RejectReason.None) return task;
            waiter.Finish(new ProposeResult(Outcome.Rejected, 0, Term, default, refused));
            _metrics.Rejected(1);
            return task;
        }
        if (Volatile.Read(ref _disposed) != 0) refused = RejectReason.ShuttingDown;
        _metrics.Rejected(1);
        return new ValueTask<ProposeResult>(new ProposeResult(Outcome.Rejected, 0, Term, default, refused));
    }

    public async ValueTask<ReadFence> ReadFenceAsync(ReadMode mode, CancellationToken cancellationToken)
    {
        if (mode == ReadMode.Stale) return new ReadFence(true, _apply.Applied);
        var fence = new PendingFence(Volatile.Read(ref _ticks) + (_options.ReadTimeoutMs / _options.TickMs) + 1);
        if (!_inbox.Add(fence)) return default;
        if (!cancellationToken.CanBeCanceled) return await fence.Task;
        await using var registration = cancellationToken.UnsafeRegister(static state => ((PendingFence)state!).TrySetResult(default),
            fence);
        return await fence.Task;
    }

    public async ValueTask TransferLeadershipAsync(MemberId to, CancellationToken cancellationToken)
    {
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        if (!_inbox.Add(new Control(ControlKind.Transfer, to, Subject: done))) return;
        await done.Task.WaitAsync(cancellationToken);
    }

    public ValueTask<SnapshotInfo> CreateSnapshotAsync(CancellationToken cancellationToken) =>
        new(_apply.SnapshotAsync(cancellationToken));

    public void Post(IApplyWork work) => _apply.Post(work);

    /// <summary>A leader hands over first, so that the others need not wait for its silence.</summary>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0) return;
        if (_leading && !_fatal.Task.IsCompleted && Status.Membership.Voters.Length > 1)
        {
            try { await TransferLeadershipAsync(MemberId.None, CancellationToken.None); }
            catch (TimeoutException e) { LogTransferFailed(e); }
        }
        StopThreads();
        await _snapshots.DisposeAsync();
        _roles.Close();
        await _transport.DisposeAsync();
        await _wal.DisposeAsync();
        _metrics.Dispose();
        LogStopped(_options.Self);
    }

    private void StopThreads()
    {
        _stopping = true;
        _inbox.Stop();
        if (Thread.CurrentThread != _thread) _thread.Join();
        _apply.Stop();
    }

    /// <summary>The replica stops for ever: it must not vouch for anything any more.</summary>
    private void Fail(Exception cause)
    {
        if (!_fatal.TrySetResult(cause)) return;
        LogFatal(cause, _options.Self);
        _stopping = true;
        _inbox.Stop();
    }

    private static void CancelAll(List<TaskCompletionSource<SnapshotInfo>> askers)
    {
        foreach (var asker in askers) asker.TrySetCanceled();
    }

    /// <summary>Puts together what the log and the snapshot store hold.</summary>
    private RestoredState Restore()
    {
        var loaded = _wal.Load();
        var snapshot = _store.Latest ?? new SnapshotMeta(0, 0, _options.InitialMembership, 0);
        var log = new RaftLog(_slabs);
        log.Reset(loaded.BaseIndex, loaded.BaseTerm);
        foreach (var entry in loaded.Entries) log.Append(entry);
        if (loaded.BaseIndex > snapshot.Index)
            throw new InvalidDataException(
                $"the log begins after {loaded.BaseIndex}, but the latest snapshot is at {snapshot.Index}: entries between are missing");
        if (!log.Holds(snapshot.Index, snapshot.Term))
        {
            // A crash between a snapshot's arrival and the reset of the log: the snapshot is committed, the log is not of its line.
            log.Reset(snapshot.Index, snapshot.Term);
            _resetFirst = snapshot;
        }
        _loadedHardState = loaded.HardState;
        return new RestoredState(loaded.HardState, snapshot, log)
        {
            Damaged = _options.IsDamaged,
            Conflict = _options.Conflict,
            Origin = _options.Origin,
        };
    }

    private void WriteResetIfNeeded()
    {
        if (_resetFirst is not { } meta) return;
        _wal.Append(new WriteBatch
        {
            Token = 0,
            Term = _loadedHardState.Term,
            LastIndex = meta.Index,
            HardState = _loadedHardState,
            HardStateChanged = false,
            ResetTo = meta,
        });
    }

    [LoggerMessage(2101, LogLevel.Information, "Replica {Self} starts in term {Term}: log {Base}..{Last}, snapshot {Snapshot}")]
    private partial void LogStarted(MemberId self, ulong term, ulong @base, ulong last, ulong snapshot);

    [LoggerMessage(2102, LogLevel.Information, "Replica {Self} stopped")]
    private partial void LogStopped(MemberId self);

    [LoggerMessage(2103, LogLevel.Critical, "Replica {Self} stops for ever: its process must end")]
    private partial void LogFatal(Exception cause, MemberId self);

    [LoggerMessage(2104, LogLevel.Warning, "A snapshot could not be written; the log is kept and the next one is tried later")]
    private partial void LogSnapshotFailed(Exception cause);

    [LoggerMessage(2105, LogLevel.Warning, "Leadership was not handed over before stopping")]
    private partial void LogTransferFailed(Exception cause);

    [LoggerMessage(2106, LogLevel.Information, "Replica {Self} is {Role} in term {Term}; leader {Leader}")]
    private partial void LogRole(MemberId self, ReplicaRole role, ulong term, MemberId leader);

    [LoggerMessage(2107, LogLevel.Information, "Snapshot at {Index}: {Bytes} bytes; log begins at {FirstIndex}")]
    private partial void LogSnapshot(ulong index, ulong bytes, ulong firstIndex);

    [LoggerMessage(2108, LogLevel.Information, "Snapshot at {Index} from the leader replaces the state")]
    private partial void LogInstall(ulong index);
}
