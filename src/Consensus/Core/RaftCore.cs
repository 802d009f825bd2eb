namespace VideoScale.Consensus.Core;

/// <summary>What a replica finds on its disk.</summary>
/// <param name="Snapshot">The latest snapshot, or, at index 0, the membership that the cluster began with.</param>
/// <param name="Log">Holds what is durable; belongs to the core from now on.</param>
public sealed record RestoredState(HardState HardState, SnapshotMeta Snapshot, RaftLog Log)
{
    /// <summary>The disk lost entries that may have been acknowledged, see <see cref="RaftCore.IsRepairing"/>.</summary>
    public bool Damaged { get; init; }

    /// <summary>Why an earlier run of this replica took no part any more, see <see cref="RaftCore.Conflict"/>.</summary>
    public string? Conflict { get; init; }

    /// <summary>
    /// Who the log is among those that this replica may have had, see <see cref="RaftCore.IsNew"/>; null: never asked for, its word counts.
    /// </summary>
    public LogOrigin? Origin { get; init; }
}

/// <summary>
/// One replica of the consensus protocol (Raft) as a state machine without clock, thread, disk or network: inputs go in one at a time,
/// effects come out. What the host owes it: write in order, report what is durable, deliver messages or lose them, tick.
/// </summary>
public sealed partial class RaftCore
{
    private readonly RaftOptions _options;
    private readonly RaftLog _log;
    private Effects _effects = new();
    private Chance _chance;
    private ulong _term;
    private MemberId _vote;
    private MemberId _leader;
    private RaftRole _role = RaftRole.Follower;
    private ulong _commit;
    private ulong _offered;
    private SnapshotMeta _snapshot;

    /// <param name="seed">Chance of this run: draws election timeouts.</param>
    public RaftCore(MemberId self, RestoredState restored, RaftOptions options, ulong seed)
    {
        ArgumentNullException.ThrowIfNull(restored);
        Self = self;
        _options = options;
        _log = restored.Log;
        _snapshot = restored.Snapshot;
        _chance = new Chance(seed);
        _term = restored.HardState.Term;
        _vote = restored.HardState.Vote;
        Invariant.Require(_log.BaseIndex <= _snapshot.Index, "what the log no longer holds is in the snapshot");
        Invariant.Require(_log.LastIndex >= _snapshot.Index, "the log reaches the snapshot");
        _commit = Math.Min(Math.Max(restored.HardState.Commit, _snapshot.Index), _log.LastIndex);
        _offered = _snapshot.Index;
        _durableIndex = _log.LastIndex;
        _matched = _commit;
        _repair = restored.Damaged ? seed | 1 : 0;
        _conflict = restored.Conflict;
        BeginAsNew(restored.Origin, seed | 1);
        _configurations.Add(new Configured(_snapshot.MembershipIndex, _snapshot.Membership));
        RefreshPeers();
        for (var index = _snapshot.Index + 1; index <= _log.LastIndex; index++) NoteConfiguration(_log[index]);
        // A crash between a snapshot's arrival and the write of its term: we cannot have voted in that term, our vote would say so.
        if (_term < _log.LastTerm) EnterTerm(_log.LastTerm, MemberId.None);
        DrawElectionTimeout();
    }

    public MemberId Self { get; }
    public RaftRole Role => _role;
    public ulong Term => _term;
    public MemberId Vote => _vote;
    public MemberId Leader => _leader;
    public ulong CommitIndex => _commit;
    public ulong DurableIndex => _durableIndex;
    public SnapshotMeta Snapshot => _snapshot;

    /// <summary>To read only.</summary>
    public RaftLog Log => _log;

    /// <summary>Whether a leader is handing over and takes no proposals.</summary>
    public bool IsTransferring => !_transferTo.IsNone;

    public void Step(in RaftInput input, Effects effects)
    {
        ArgumentNullException.ThrowIfNull(effects);
        effects.Clear();
        _effects = effects;
        var before = (_term, _vote, _commit, _role, _leader);
        Dispatch(input);
        if (_role == RaftRole.Leader) LeadOn();
        EmitWrite();
        ReleaseHeld();
        OfferApply();
        effects.RoleChanged = before._term != _term || before._role != _role || before._leader != _leader;
        Invariant.Require(_term >= before._term, "the term never goes back");
        Invariant.Require(_term != before._term || _vote == before._vote || before._vote.IsNone, "one vote per term");
        Invariant.Require(_commit >= before._commit, "the commit index never goes back");
        Invariant.Require(_offered <= _commit && _commit <= _log.LastIndex, "applied ≤ commit ≤ last");
        Invariant.Require(_offered <= _durableIndex && _durableIndex <= _log.LastIndex, "applied ≤ durable ≤ last");
    }

    private void Dispatch(in RaftInput input)
    {
        switch (input.Kind)
        {
            case RaftInputKind.Tick: OnTick(); break;
            case RaftInputKind.Message: OnMessage(input.Message); break;
            case RaftInputKind.Propose: OnPropose(input.Proposals); break;
            case RaftInputKind.Read: OnRead(input.Token); break;
            case RaftInputKind.Stored: OnStored(input.Token, input.Term, input.Index); break;
            case RaftInputKind.SnapshotCreated: OnSnapshotCreated(input.Snapshot!); break;
            case RaftInputKind.SnapshotReceived: OnSnapshotReceived(input.Member, input.Term, input.Snapshot!); break;
            case RaftInputKind.SnapshotSent: OnSnapshotSent(input.Member, input.Index, input.Ok); break;
            case RaftInputKind.Disconnected: OnDisconnected(input.Member, input.Ok); break;
            case RaftInputKind.Transfer: OnTransfer(input.Member); break;
            case RaftInputKind.ChangeMembership: OnChangeMembership(input.Membership!); break;
            case RaftInputKind.Compact: OnCompact(input.Index); break;
            case RaftInputKind.Abstain: OnAbstain(); break;
            case RaftInputKind.SetBack: OnSetBack(input.Member, input.Index, input.Token); break;
            case RaftInputKind.StandAside: OnStandAside(input.Ok); break;
            default: Invariant.Require(false, "an input has a known kind"); break;
        }
    }

    private void OnMessage(in Message message)
    {
        if (message.To != Self || message.From == Self) return; // meant for someone who had our address before
        if (message.Kind is MessageKind.Greet or MessageKind.GreetReply)
        {
            OnGreeting(message);
            return;
        }
        if (_conflict is not null) return; // nothing that is said here is answered any more
        if (message.Term > _term && !MeetHigherTerm(message)) return;
        if (message.Term < _term)
        {
            AnswerLowerTerm(message);
            return;
        }
        switch (message.Kind)
        {
            case MessageKind.PreVote: OnPreVote(message); break;
            case MessageKind.PreVoteReply: OnPreVoteReply(message); break;
            case MessageKind.Vote: OnVote(message); break;
            case MessageKind.VoteReply: OnVoteReply(message); break;
            case MessageKind.Append: OnAppend(message); break;
            case MessageKind.AppendReply: OnAppendReply(message); break;
            case MessageKind.Heartbeat: OnHeartbeat(message); break;
            case MessageKind.HeartbeatReply: OnHeartbeatReply(message); break;
            case MessageKind.ReadIndex: OnForwardedRead(message); break;
            case MessageKind.ReadIndexReply: OnReadReply(message); break;
            case MessageKind.TimeoutNow: OnTimeoutNow(message); break;
            default: break; // from a newer build: not for us
        }
    }

    /// <returns>False when the message is to be ignored.</returns>
    private bool MeetHigherTerm(in Message message)
    {
        switch (message.Kind)
        {
            case MessageKind.PreVote: return true; // asks about a term that nobody is in yet
            case MessageKind.PreVoteReply when !message.Reject: return true;
            case MessageKind.Vote when LeaderIsAlive && !message.Force: return false; // check-quorum: a live leader is not deposed
            default:
                var fromLeader = message.Kind is MessageKind.Append or MessageKind.Heartbeat;
                BecomeFollower(message.Term, fromLeader ? message.From : MemberId.None);
                return true;
        }
    }

    /// <summary>
    /// Tells a sender that is behind our term: without it a leader would go on, as pre-vote and check-quorum keep us from campaigning
    /// against it.
    /// </summary>
    private void AnswerLowerTerm(in Message message)
    {
        if (message.Kind is MessageKind.Append or MessageKind.Heartbeat)
            Send(new Message { Kind = MessageKind.AppendReply, To = message.From, Reject = true });
        else if (message.Kind == MessageKind.PreVote)
            Send(new Message { Kind = MessageKind.PreVoteReply, To = message.From, Reject = true });
    }

    private void BecomeFollower(ulong term, MemberId leader)
    {
        LeaveRole();
        if (term > _term) EnterTerm(term, MemberId.None);
        _role = RaftRole.Follower;
        _leader = leader;
        _electionElapsed = 0;
        DrawElectionTimeout();
    }

    /// <summary>A new term begins to exist here; nothing of it leaves before it is durable.</summary>
    private void EnterTerm(ulong term, MemberId vote)
    {
        _term = term;
        _vote = vote;
        _leader = MemberId.None;
        _matched = _commit; // what is committed every later leader has
        _ackOwed = false;
        _held.Clear();
        _termToken = NextToken;
        _voteToken = NextToken;
        _hardStateChanged = true;
    }

    private void LeaveRole()
    {
        if (_role == RaftRole.Leader) StopLeading();
        _votes.Clear();
        _selfVoteOwed = false;
    }

    private void OfferApply()
    {
        var upTo = Math.Min(_commit, _durableIndex); // also durable here, so that nothing derived is ever ahead of the log
        if (upTo <= _offered) return;
        _effects.ApplyFrom = _offered + 1;
        _effects.ApplyTo = upTo;
        _offered = upTo;
    }
}
