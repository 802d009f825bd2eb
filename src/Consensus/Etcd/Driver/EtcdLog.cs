using System.Diagnostics.CodeAnalysis;
using Microsoft.Extensions.Logging;
using VideoScale.Consensus.Apply;
using VideoScale.Consensus.Apply.Snapshots;
using VideoScale.Consensus.Etcd.Client;
using VideoScale.Consensus.Etcd.Layout;

namespace VideoScale.Consensus.Etcd.Driver;

/// <summary>What a replica over etcd is started with.</summary>
internal sealed record EtcdLogSetup(string Engine, MemberId Self, UInt128 ClusterId, EtcdOptions Options, EtcdKeys Keys,
    Membership Founders,
    IReadOnlyList<MemberAddress> Founded, long SnapshotLogBytes, long TailBytes, ulong GoesOnAfter);

/// <summary>
/// The log kept in an operator's etcd, behind the seam. Any number of replicas stand over it, with no quorum of their own: what etcd has
/// committed is committed.
/// </summary>
public sealed partial class EtcdLog : IReplicatedLog
{
    private const int TickMs = 50;
    private const int ReadTimeoutMs = 2_000;
    private static readonly TimeSpan HandoverPatience = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan EndPatience = TimeSpan.FromSeconds(2);
    private readonly EtcdLogSetup _setup;
    private readonly EtcdClient _client;
    private readonly ILogger<EtcdLog> _logger;
    private readonly SnapshotStore _store;
    private readonly ConsensusMetrics _metrics;
    private readonly ApplyThread _apply;
    private readonly SnapshotWork _snapshots;
    private readonly SnapshotExchange _exchange;
    private readonly Troubles _troubles;
    private readonly RoleFeed _roles = new(new RoleChange(ReplicaRole.Follower, 0, MemberId.None));
    private readonly Standing _standing;
    private readonly ControlKeys _known;
    private readonly Feed _feed;
    private readonly Appender _appender;
    private readonly LeaseKeeper _lease;
    private readonly Elections _elections;
    private readonly ReadRounds _reads;
    private readonly StateWatch _watch;
    private readonly CancellationTokenSource _stop = new();
    private readonly TaskCompletionSource<Exception> _fatal = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Task _running = Task.CompletedTask;
    private Task _publishing = Task.CompletedTask;
    private int _disposed;

    internal EtcdLog(EtcdLogSetup setup, EtcdClient client, SnapshotStore store, IReplicatedStateMachine machine, ILoggerFactory loggers)
    {
        (_setup, _client, _store) = (setup, client, store);
        _logger = loggers.CreateLogger<EtcdLog>();
        _metrics = new ConsensusMetrics(setup.Self);
        _troubles = new Troubles(_logger, setup.Self);
        var self = new LeaderValue(setup.Self, (ulong)Random.Shared.NextInt64(1, long.MaxValue));
        var start = store.Latest ?? new SnapshotMeta(0, 0, setup.Founders, 0);
        _known = new ControlKeys(setup.Keys, setup.Founders, setup.Founded);
        _standing = new Standing(self, _roles);
        _exchange = new SnapshotExchange(client, setup.Keys, setup.Options, store, () => _known.Manifest, _logger);
        _snapshots = new SnapshotWork(store, setup.SnapshotLogBytes, OnSnapshotDone, LogSnapshotFailed);
        _apply = new ApplyThread($"etcd-apply-{setup.Self}", machine, store, _snapshots, _metrics, Unowned.Instance, start, Ticks,
            static _ => { }, Fail);
        _feed = new Feed(client, setup.Keys, _apply, _exchange, start.Index + 1, setup.TailBytes, _troubles);
        _appender = new Appender(client, setup.Keys, setup.Options, _feed, _metrics, _troubles) { Established = _standing.Lead };
        _lease = new LeaseKeeper(client, setup.Keys, setup.Options, setup.Self, () => _apply.Applied, _troubles)
        { Changed = () => _elections!.Wake() };
        _elections = new Elections(client, setup.Keys, self, setup.ClusterId, _standing, _lease, _appender, _feed, _known, _metrics,
            _troubles,
            _logger);
        _standing.TermEnded = term => _appender.End(term);
        _standing.Changed = _elections.Wake;
        _reads = new ReadRounds(client, setup.Keys, _standing, _feed, _apply, Ticks, _troubles);
        _watch = new StateWatch(client, setup.Keys, setup.ClusterId, _standing, _feed, _known, _troubles, _logger);
        _metrics.Observe(() => _appender.Waiting, () => _apply.Depth);
    }

    internal void Start()
    {
        _apply.Start();
        _running = Task.WhenAll(Keep(_watch.RunAsync), Keep(_feed.RunAsync), Keep(_appender.RunAsync), Keep(_lease.RunAsync),
            Keep(_elections.RunAsync), Keep(_reads.RunAsync));
        LogStarted(_setup.Self, _setup.Keys.Prefix, _feed.Known);
    }

    public string EngineName => _setup.Engine;

    /// <summary>Replicas here have no quorum of their own: that the log before has none any more is in etcd.</summary>
    public ulong GoesOnAfter => _known.HaveComeFromBefore ? _setup.GoesOnAfter : 0;

    public LogCapabilities Capabilities => LogCapabilities.Transfer | LogCapabilities.Snapshots | LogCapabilities.ExactlyOnceSessions
        | LogCapabilities.LinearizableReads;

    public Task<Exception> Fatal => _fatal.Task;

    public IAsyncEnumerable<RoleChange> Roles(CancellationToken cancellationToken) => _roles.Listen(cancellationToken);

    public ValueTask<ProposeResult> ProposeAsync(ProposalId id, ReadOnlyMemory<byte> command, CancellationToken cancellationToken)
    {
        if (command.Length > _appender.LongestPayload)
            throw new ArgumentOutOfRangeException(nameof(command), command.Length,
                $"etcd takes {_appender.LongestPayload} bytes at most in one entry: lower MaxEntryBytes, or raise etcd's "
                    + $"--max-request-bytes and "
                + "--etcd-request-bytes");
        var waiter = PendingProposal.Rent();
        waiter.CancelWith(cancellationToken);
        var task = waiter.Task;
        var refused = _appender.TryPropose(new Proposal(EntryKind.Command, id, command.ToArray(), waiter));
        if (refused == RejectReason.None) return task;
        waiter.Finish(new ProposeResult(Outcome.Rejected, 0, _standing.Role.Term, default, refused));
        _metrics.Rejected(1);
        return task;
    }

    public async ValueTask<ReadFence> ReadFenceAsync(ReadMode mode, CancellationToken cancellationToken)
    {
        if (mode == ReadMode.Stale) return new ReadFence(true, _apply.Applied);
        var fence = new PendingFence(Ticks() + (ReadTimeoutMs / TickMs) + 1);
        _reads.Ask(fence);
        if (!cancellationToken.CanBeCanceled) return await fence.Task;
        await using var registration = cancellationToken.UnsafeRegister(static state => ((PendingFence)state!).TrySetResult(default),
            fence);
        return await fence.Task;
    }

    public ValueTask<MembershipResult> ChangeMembershipAsync(MembershipChange change, ulong expectedConfigIndex,
        CancellationToken cancellationToken) => ValueTask.FromResult(new MembershipResult(Outcome.Rejected, 0,
            "the log is in etcd: its members are etcd's, and replicas come by being started and go by being stopped"));

    public void Abstain() => _elections.Abstain();

    public async ValueTask TransferLeadershipAsync(MemberId to, CancellationToken cancellationToken)
    {
        if (to == _setup.Self) return;
        try
        {
            if (!await _elections.HandOverAsync(to, cancellationToken)) return;
        }
        catch (EtcdException e) { throw new TimeoutException(e.Message, e); }
        var until = Environment.TickCount64 + (long)HandoverPatience.TotalMilliseconds;
        while (_standing.Seen is not { } seen || seen.Value.Member == _setup.Self)
        {
            if (Environment.TickCount64 > until) throw new TimeoutException("no other replica took over in time");
            await Task.Delay(20, cancellationToken);
        }
    }

    public ValueTask<SnapshotInfo> CreateSnapshotAsync(CancellationToken cancellationToken) =>
        new(_apply.SnapshotAsync(cancellationToken));

    public void Post(IApplyWork work) => _apply.Post(work);

    public ReplicaStatus Status
    {
        get
        {
            var role = _standing.Role;
            var (applied, head) = (_apply.Applied, _feed.Known);
            return new ReplicaStatus(_setup.Self, role.Role, role.Term, role.Leader, head, applied, head, _known.Manifest?.First ?? 1, head,
                _store.Latest?.Index ?? 0, _known.Membership, 0, _known.ProgressOf(_setup.Self, applied))
            {
                Notices = _troubles.Notices,
            };
        }
    }

    /// <summary>A leader's key goes with its process, so that the others need not wait for its lease.</summary>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0) return;
        _appender.End(_appender.Term, stopped: true);
        using (var patience = new CancellationTokenSource(EndPatience))
        {
            try
            {
                await _elections.HandOverAsync(MemberId.None, patience.Token);
                await _lease.EndAsync(patience.Token);
            }
            catch (Exception e) when (e is EtcdException or OperationCanceledException) { LogLeaseLeft(_setup.Self); }
        }
        await _stop.CancelAsync();
        await _running;
        _reads.Stop();
        _apply.Stop();
        _feed.Abandon();
        await _snapshots.DisposeAsync();
        await _publishing;
        _roles.Close();
        _client.Dispose();
        _metrics.Dispose();
        _stop.Dispose();
        LogStopped(_setup.Self);
    }

    private static long Ticks() => Environment.TickCount64 / TickMs;

    /// <summary>A loop that ends by itself ends the replica: what it met is not the environment's.</summary>
    [SuppressMessage("Design", "CA1031", Justification = "whatever it is, the replica must not go on without this loop")]
    private Task Keep(Func<CancellationToken, Task> loop) => Task.Run(async () =>
    {
        try { await loop(_stop.Token); }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested) { }
        catch (Exception e) { Fail(e); }
    });

    /// <summary>The replica stops for ever: it must not vouch for anything any more.</summary>
    private void Fail(Exception cause)
    {
        if (!_fatal.TrySetResult(cause)) return;
        LogFatal(cause, _setup.Self);
        _standing.StepDown();
        _appender.End(_appender.Term, stopped: true);
        _feed.Abandon();
        _reads.Stop();
        _stop.Cancel();
    }
}
