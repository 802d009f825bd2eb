using System.Collections.Immutable;
using Microsoft.Extensions.Logging;
using VideoScale.Consensus.Apply;
using VideoScale.Consensus.Apply.Snapshots;
using VideoScale.Consensus.DotNext.Cluster;
using VideoScale.Consensus.DotNext.Log;
using VideoScale.Consensus.DotNext.Transport;

namespace VideoScale.Consensus.DotNext;

/// <summary>
/// DotNext's Raft behind the seam: its elections and its log, made durable before anything is acknowledged; our transport, apply thread,
/// sessions and snapshots.
/// </summary>
internal sealed partial class DotNextLog : IReplicatedLog
{
    private static readonly TimeSpan ReadTimeout = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan ReadRetry = TimeSpan.FromMilliseconds(20);
    private readonly LogSetup _setup;
    private readonly MemberId _self;
    private readonly ILogger _logger;
    private readonly Membership _membership;
    private readonly SnapshotStore _store;
    private readonly SnapshotWork _snapshots;
    private readonly ApplyThread _apply;
    private readonly ConsensusMetrics _metrics;
    private readonly HandOver _handOver;
    private readonly DurableLog _log;
    private readonly IMembers _cluster;
    private readonly Proposals _proposals;
    private readonly Listener? _listener;
    private readonly RoleFeed _roles;
    private readonly CancellationTokenSource _stop = new();
    private readonly TaskCompletionSource<Exception> _fatal = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Task _running = Task.CompletedTask;
    private SnapshotMeta? _lastSnapshot;
    private int _disposed;

    internal DotNextLog(LogSetup setup, TransportSettings settings, SnapshotStore store, string logPath, IReplicatedStateMachine machine,
        ILoggerFactory loggers, bool asShipped)
    {
        (_setup, _self, _store) = (setup, settings.Self, store);
        EngineName = asShipped ? DotNextEngine.PlainName : DotNextEngine.EngineName;
        _logger = loggers.CreateLogger<DotNextLog>();
        _membership = setup.Founders with
        {
            Addresses = [.. setup.Members.Where(m => setup.Founders.IsMember(m.Member)).OrderBy(m => m.Member)],
        };
        _metrics = new ConsensusMetrics(_self);
        _lastSnapshot = store.Latest;
        var waiters = new Waiters();
        _handOver = new HandOver(store, waiters, _lastSnapshot);
        _snapshots = new SnapshotWork(store, setup.SnapshotLogBytes, OnSnapshotDone, LogSnapshotFailed);
        _apply = new ApplyThread($"dotnext-apply-{_self}", machine, store, _snapshots, _metrics, Unowned.Instance,
            _lastSnapshot ?? new SnapshotMeta(0, 0, _membership, 0), static () => Environment.TickCount64, static _ => { }, Fail);
        _handOver.To(_apply);
        var transportLog = new TransportLog(loggers.CreateLogger<TransportLog>(), _self);
        if (!asShipped) _listener = new Listener(settings, store, transportLog);
        try
        {
            _log = new DurableLog(logPath, _handOver, asShipped);
            if ((ulong)_log.LastEntryIndex < setup.WitnessedIndex)
                throw new DataDirectoryException(
                    $"{logPath}: the log ends at entry {_log.LastEntryIndex}, and what was derived from it reaches entry "
                        + $"{setup.WitnessedIndex}: its end "
                    + "is missing. Nothing was changed. Take another replica's directory, or a backup of the whole directory; see "
                        + "docs/backup.md");
        }
        catch
        {
            _log?.DisposeAsync().AsTask().GetAwaiter().GetResult();
            _listener?.DisposeAsync().AsTask().GetAwaiter().GetResult();
            throw;
        }
        _cluster = asShipped ? new PlainMembers(settings, setup, _log)
            : new RaftMembers(settings, setup, store, _log, transportLog, loggers.CreateLogger<RaftMembers>(), Fail);
        _proposals = new Proposals(_log, _cluster, waiters, _metrics, Fail);
        _metrics.Observe(() => _proposals.Depth, () => _apply.Depth);
        _roles = new RoleFeed(new RoleChange(ReplicaRole.Follower, (ulong)_log.Term, MemberId.None));
    }

    public LogCapabilities Capabilities =>
        LogCapabilities.Snapshots | LogCapabilities.ExactlyOnceSessions | LogCapabilities.LinearizableReads;

    public string EngineName { get; }

    public ulong GoesOnAfter { get; init; }

    public Task<Exception> Fatal => _fatal.Task;

    public IAsyncEnumerable<RoleChange> Roles(CancellationToken cancellationToken) => _roles.Listen(cancellationToken);

    internal void Start()
    {
        LogStarted(_self, _log.Term, _log.LastEntryIndex, _lastSnapshot?.Index ?? 0);
        _apply.Start();
        _running = Task.Run(RunAsync);
    }

    public ValueTask<ProposeResult> ProposeAsync(ProposalId id, ReadOnlyMemory<byte> command, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(command.Length, _setup.MaxCommandBytes);
        var refused = Volatile.Read(ref _disposed) != 0 || _fatal.Task.IsCompleted ? RejectReason.ShuttingDown
            : _cluster.LeadingTerm == 0 ? RejectReason.NotLeader : RejectReason.None;
        if (refused == RejectReason.None)
        {
            var waiter = PendingProposal.Rent();
            waiter.CancelWith(cancellationToken);
            var task = waiter.Task;
            refused = _proposals.TryAdd(Payload.Command(id, command.Span), waiter);
            if (refused == RejectReason.None) return task;
            waiter.Finish(new ProposeResult(Outcome.Rejected, 0, (ulong)_log.Term, default, refused));
            _metrics.Rejected(1);
            return task;
        }
        _metrics.Rejected(1);
        return new ValueTask<ProposeResult>(new ProposeResult(Outcome.Rejected, 0, (ulong)_log.Term, default, refused));
    }

    public async ValueTask<ReadFence> ReadFenceAsync(ReadMode mode, CancellationToken cancellationToken)
    {
        if (mode == ReadMode.Stale) return new ReadFence(true, _apply.Applied);
        if (Volatile.Read(ref _disposed) != 0 || _fatal.Task.IsCompleted) return default;
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, _stop.Token);
        limit.CancelAfter(ReadTimeout);
        try
        {
            while (true)
            {
                if (await _cluster.FindReadIndexAsync(limit.Token) is { } index)
                {
                    var fence = new PendingFence(long.MaxValue) { Index = (ulong)index };
                    _apply.Add(new ApplyItem(ApplyKind.Fence, default, fence));
                    return await fence.Task.WaitAsync(limit.Token);
                }
                await Task.Delay(ReadRetry, limit.Token); // no leader, or one without a majority
            }
        }
        catch (OperationCanceledException) { return default; }
    }

    public ValueTask<MembershipResult> ChangeMembershipAsync(MembershipChange change, ulong expectedConfigIndex,
        CancellationToken cancellationToken) => new(new MembershipResult(Outcome.Rejected, 0,
            $"the engine \"{EngineName}\" cannot change the members of a cluster that runs: its founding members stay"));

    /// <summary>This engine only resigns; whom the others elect is theirs.</summary>
    public async ValueTask TransferLeadershipAsync(MemberId to, CancellationToken cancellationToken)
    {
        if (!to.IsNone && to != _self)
            throw new NotSupportedException($"the engine \"{EngineName}\" cannot hand leadership to a member that is named");
        if (to == _self || _cluster.LeadingTerm == 0) return;
        await _cluster.HandOverAsync(cancellationToken);
        LogResigned(_self);
    }

    public ValueTask<SnapshotInfo> CreateSnapshotAsync(CancellationToken cancellationToken) =>
        new(_apply.SnapshotAsync(cancellationToken));

    public void Post(IApplyWork work) => _apply.Post(work);

    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0) return;
        await _stop.CancelAsync();
        _proposals.Stop();
        if (_listener is not null) await _listener.DisposeAsync();
        await _running;
        await _cluster.DisposeAsync();
        _apply.Stop();
        await _snapshots.DisposeAsync();
        await _log.DisposeAsync();
        _roles.Close();
        _metrics.Dispose();
        LogStopped(_self);
        _stop.Dispose();
    }

    private async Task RunAsync()
    {
        try
        {
            await _cluster.BeginAsync(_stop.Token);
            if (_cluster is IRequests requests) _listener?.Start(requests);
            await Task.WhenAll(_proposals.RunAsync(_stop.Token), _log.WatchAsync(_stop.Token),
                _cluster.FollowLeadershipAsync(OnLeadershipChanged, _stop.Token));
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested) { }
        catch (Exception e) { Fail(e); }
    }

    private void OnLeadershipChanged(RoleChange change)
    {
        if (change.Role != ReplicaRole.Leader) _proposals.Abandon();
        else _metrics.ElectionWon();
        LogRole(_self, change.Role, change.Term, change.Leader);
        _roles.Publish(change);
    }

    private void OnSnapshotDone(SnapshotDone done)
    {
        _metrics.SnapshotWritten(done.Bytes);
        if (_lastSnapshot is { } before && before.Index <= _apply.CompactionLimit) _handOver.Report(before);
        _lastSnapshot = done.Meta;
        var first = (_handOver.ReportedMeta?.Index ?? 0) + 1;
        LogSnapshot(done.Meta.Index, done.Bytes, first);
        _apply.FinishSnapshot(done, first);
    }

    /// <summary>The replica stops for ever: it must not vouch for anything any more.</summary>
    private void Fail(Exception cause)
    {
        if (!_fatal.TrySetResult(cause)) return;
        LogFatal(cause, _self);
        _proposals?.Stop();
        _cluster?.Silence();
    }

    [LoggerMessage(1311, LogLevel.Information,
        "Replica {Self} starts in term {Term} on DotNext's log: last entry {Last}, snapshot {Snapshot}")]
    private partial void LogStarted(MemberId self, long term, long last, ulong snapshot);

    [LoggerMessage(1312, LogLevel.Information, "Replica {Self} stopped")]
    private partial void LogStopped(MemberId self);

    [LoggerMessage(1313, LogLevel.Critical, "Replica {Self} stops for ever: its process must end")]
    private partial void LogFatal(Exception cause, MemberId self);

    [LoggerMessage(1314, LogLevel.Warning, "A snapshot could not be written; the log is kept and the next one is tried later")]
    private partial void LogSnapshotFailed(Exception cause);

    [LoggerMessage(1315, LogLevel.Information, "Replica {Self} is {Role} in term {Term}; leader {Leader}")]
    private partial void LogRole(MemberId self, ReplicaRole role, ulong term, MemberId leader);

    [LoggerMessage(1316, LogLevel.Information, "Snapshot at {Index}: {Bytes} bytes; the log begins at {FirstIndex}")]
    private partial void LogSnapshot(ulong index, ulong bytes, ulong firstIndex);

    [LoggerMessage(1317, LogLevel.Information, "Replica {Self} handed over")]
    private partial void LogResigned(MemberId self);
}
