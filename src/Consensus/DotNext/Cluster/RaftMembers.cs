using System.Diagnostics.CodeAnalysis;
using System.Net;
using DotNext.Net.Cluster;
using DotNext.Net.Cluster.Consensus.Raft;
using Microsoft.Extensions.Logging;
using VideoScale.Consensus.Apply.Snapshots;
using VideoScale.Consensus.DotNext.Log;
using VideoScale.Consensus.DotNext.Transport;
using VideoScale.Platform;

namespace VideoScale.Consensus.DotNext.Cluster;

/// <summary>DotNext's elections and replication between the founding members, over our transport.</summary>
internal sealed class RaftMembers : RaftCluster<Peer>, IMembers, IRequests
{
    private const int StateVersion = 0;
    private readonly DurableLog _log;
    private readonly ILogger _logger;
    private readonly Action<Exception> _failed;
    private readonly TimeSpan _electionTimeout;
    private readonly SharedRounds _reads;
    private readonly LeadershipWatch<Peer> _leadership;
    private volatile bool _silent;

    [SetsRequiredMembers]
    internal RaftMembers(TransportSettings settings, LogSetup setup, SnapshotStore snapshots, DurableLog log, TransportLog transportLog,
        ILogger logger, Action<Exception> failed) : base(new Timing(setup.TickMs))
    {
        AuditTrail = log;
        (_log, _logger, _failed, _electionTimeout) = (log, new TroublesOnly(logger), failed, settings.ElectionTimeout);
        _leadership = new LeadershipWatch<Peer>(this, log, settings.Self, static peer => peer.Member);
        _reads = new SharedRounds(() => Leader is { IsRemote: true } leader ? leader.ReadIndexAsync(LifecycleToken)
            : OwnReadIndexAsync(LifecycleToken));
        Peers = [.. setup.Founders.Voters.Select(member => new Peer(member, AddressOf(setup, member), settings, snapshots, transportLog,
            () => Leader?.Id ?? default))];
    }

    internal IReadOnlyList<Peer> Peers { get; }

    public long LeadingTerm => _leadership.LeadingTerm;

    public MemberId LeaderId => _leadership.LeaderId;

    public IEnumerable<MemberProgress> Others => Peers.Where(peer => peer.IsRemote).Select(peer => new MemberProgress(peer.Member,
        LeadingTerm == 0 ? 0 : (ulong)peer.MatchIndex, peer.Silent, Voter: true, peer.IsSnapshotting));

    protected override ILogger Logger => _logger;

    public async Task BeginAsync(CancellationToken cancellationToken)
    {
        await using (var scope = await ChangeConfigurationAsync(cancellationToken))
            foreach (var peer in Peers) scope.MarkAsAdded(peer);
        // alone it leads without an election: each start is a term of its own nevertheless
        if (Peers.Count == 1) await ((IPersistentState)_log).IncrementTermAsync(Peers[0].Id, cancellationToken);
        await StartAsync(cancellationToken);
        StartFollowing();
    }

    public Task FollowLeadershipAsync(Action<RoleChange> changed, CancellationToken cancellationToken) => Task.WhenAll(
        _leadership.RunAsync(changed, () => { foreach (var peer in Peers) peer.BeginTerm(); }, cancellationToken),
        KeepQuorumAsync(cancellationToken));

    /// <summary>
    /// A leader that hears no majority resigns: an answer to entries is waited for longer than callers may be left without word.
    /// </summary>
    private async Task KeepQuorumAsync(CancellationToken cancellationToken)
    {
        var others = Peers.Where(peer => peer.IsRemote).ToArray();
        while (true)
        {
            await Task.Delay(_electionTimeout / 3, cancellationToken);
            if (LeadingTerm == 0 || others.Length == 0) continue;
            await Task.WhenAll(others.Select(peer => peer.PingAsync(cancellationToken)));
            var heard = 1 + others.Count(peer => peer.Silent < 3 * _electionTimeout);
            if (2 * heard <= Peers.Count && LeadingTerm != 0) await ResignAsync(cancellationToken);
        }
    }

    public void Replicate() => LeadershipWatch<Peer>.Observe(ForceReplicationAsync(LifecycleToken));

    /// <summary>By the leader's word, which a majority has confirmed.</summary>
    public Task<long?> FindReadIndexAsync(CancellationToken cancellationToken) => _reads.JoinAsync().WaitAsync(cancellationToken);

    public Task HandOverAsync(CancellationToken cancellationToken) => _leadership.HandOverAsync(ResignAsync, cancellationToken);

    public void Silence()
    {
        _silent = true;
        foreach (var peer in Peers) peer.Dispose();
    }

    public Reply Ping() => new(_log.Term, 0);

    public bool Knows(MemberId member) => Peers.Any(peer => peer.IsRemote && peer.Member == member);

    public async ValueTask<Reply> PreVoteAsync(MemberId from, VoteRequest request, CancellationToken cancellationToken)
    {
        var result = await GuardAsync(PreVoteAsync(Peer.IdOf(from), request.Term, request.LastIndex, request.LastTerm, StateVersion,
            cancellationToken));
        return new Reply(result.Term, (byte)result.Value);
    }

    public async ValueTask<Reply> VoteAsync(MemberId from, VoteRequest request, CancellationToken cancellationToken)
    {
        var result = await GuardAsync(VoteAsync(Peer.IdOf(from), request.Term, request.LastIndex, request.LastTerm, StateVersion,
            cancellationToken));
        return new Reply(result.Term, result.Value ? (byte)1 : (byte)0);
    }

    public async ValueTask<Reply> AppendAsync(MemberId from, AppendHead head, ReadOnlyMemory<byte> entries,
        CancellationToken cancellationToken)
    {
        var lastTerm = IncomingEntries.Check(entries.Span, head.Count);
        var result = await GuardAsync(AppendEntriesAsync(Peer.IdOf(from), head.Term, new IncomingEntries(entries, head.Count),
            head.PreviousIndex, head.PreviousTerm, head.CommitIndex, StateVersion, cancellationToken));
        var value = result.Value.Result;
        // Its own answer stays "of the leader's term" for ever once it was: what commits by counting must be of this term.
        if (value is HeartbeatResult.Replicated or HeartbeatResult.ReplicatedWithLeaderTerm)
            value = (head.Count > 0 ? lastTerm : head.PreviousTerm) == head.Term ? HeartbeatResult.ReplicatedWithLeaderTerm
                : HeartbeatResult.Replicated;
        return new Reply(result.Term, (byte)value, result.Value.LastIndex);
    }

    public async ValueTask<Reply> ReadIndexAsync(CancellationToken cancellationToken) =>
        await OwnReadIndexAsync(cancellationToken) is { } index ? new Reply(_log.Term, 1, index) : new Reply(_log.Term, 0);

    public async ValueTask<Reply> InstallAsync(MemberId from, long term, SnapshotMeta meta, CancellationToken cancellationToken)
    {
        var result =
            await GuardAsync(InstallSnapshotAsync(Peer.IdOf(from), term, new ReportedSnapshot(meta), (long)meta.Index, StateVersion,
            cancellationToken));
        var held = result.Value == HeartbeatResult.Rejected && result.Term <= term && _log.LastCommittedEntryIndex >= (long)meta.Index;
        return new Reply(result.Term, (byte)(held ? HeartbeatResult.Replicated : result.Value)); // an earlier answer was lost on its way
    }

    /// <summary>
    /// Leads, has committed in its term, and a majority says so after the question: whatever was acknowledged before is up to here.
    /// </summary>
    private async Task<long?> OwnReadIndexAsync(CancellationToken cancellationToken)
    {
        var term = LeadingTerm;
        if (term == 0 || _silent) return null;
        var index = _log.LastCommittedEntryIndex;
        try { await ForceReplicationAsync(cancellationToken); }
        catch (Exception e) when (e is NotLeaderException or ObjectDisposedException) { return null; }
        return LeadingTerm == term && _log.Term == term && !_silent ? index : null;
    }

    /// <summary>What breaks under a request has broken the log: a vote or an acknowledgement that may not be on disk.</summary>
    private async ValueTask<T> GuardAsync<T>(ValueTask<T> request)
    {
        if (_silent) throw new OperationCanceledException("this replica stops");
        try
        {
            var result = await request;
            return _silent ? throw new OperationCanceledException("this replica stops") : result;
        }
        catch (Exception e) when (e is not OperationCanceledException and not ObjectDisposedException and not ProtocolException)
        {
            _failed(e);
            throw;
        }
    }

    internal static EndPoint AddressOf(LogSetup setup, MemberId member)
    {
        var address = setup.Members.FirstOrDefault(known => known.Member == member)?.Raft ?? "";
        return HostAndPort.TryParse(address)
            ?? throw new DataDirectoryException($"\"{address}\", where member {member} is said to be, is not host:port");
    }

    /// <summary>
    /// Heartbeats every 2 ticks, elections after 6 to 12 of silence, as our own engine has it. No lease: clocks decide nothing.
    /// </summary>
    private sealed class Timing(int tickMs) : IClusterMemberConfiguration
    {
        public double HeartbeatThreshold => 1 / 3.0;
        public ElectionTimeout ElectionTimeout { get; } = new() { LowerValue = 6 * tickMs, UpperValue = 12 * tickMs };
        public bool Standby => false;
        public bool IsLeaderLeaseEnabled => false;
    }
}
