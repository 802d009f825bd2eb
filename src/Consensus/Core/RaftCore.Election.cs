namespace VideoScale.Consensus.Core;

/// <summary>
/// Elections: pre-vote and check-quorum together, so that whoever was cut off neither deposes a live leader nor goes on leading alone.
/// </summary>
public sealed partial class RaftCore
{
    /// <summary>Ticks that a voter has for winning before the next one asks.</summary>
    private const int TicksPerTurn = 2;

    private readonly List<MemberValue> _votes = [];
    private int _electionElapsed;
    private int _electionTimeout;
    private bool _selfVoteOwed;
    private bool _forced;

    /// <summary>A leader was heard from within the shortest election timeout: votes against it are not given.</summary>
    private bool LeaderIsAlive => !_leader.IsNone && (_role == RaftRole.Leader || _electionElapsed < _options.ElectionTicks);

    private void DrawElectionTimeout() => _electionTimeout = _options.ElectionTicks + _chance.Below(_options.ElectionTicks);

    private void OnTick()
    {
        _electionElapsed++;
        TickGreeting();
        if (_role == RaftRole.Leader)
        {
            TickLeader();
            return;
        }
        if (_electionElapsed < _electionTimeout) return;
        if (MayCampaign) BeginPreVote();
        else _leader = MemberId.None; // it is silent; who does not vote waits for the next one
    }

    /// <summary>
    /// The leader's connection broke: most likely its process is gone, and there is no silence to wait out. Whoever still hears it refuses
    /// the pre-vote, so asking early risks nothing. The voters take turns, or they would split the vote; whoever could win but not serve
    /// yet comes after all others.
    /// </summary>
    private void SuspectLeader(bool canServe)
    {
        var turn = canServe ? 0 : Membership.Voters.Length;
        foreach (var voter in Membership.Voters)
            if (voter != _leader && voter.CompareTo(Self) < 0) turn++;
        _electionElapsed = Math.Max(_electionElapsed, _options.ElectionTicks);
        _electionTimeout = _electionElapsed + 1 + (turn * TicksPerTurn);
    }

    private void BeginPreVote()
    {
        LeaveRole();
        _role = RaftRole.PreCandidate;
        _leader = MemberId.None;
        _electionElapsed = 0;
        DrawElectionTimeout();
        if (RecordVote(Self, granted: true) == VoteResult.Won) Campaign(force: false);
        else AskForVotes(MessageKind.PreVote, _term + 1);
    }

    private void Campaign(bool force)
    {
        LeaveRole();
        EnterTerm(_term + 1, Self);
        _role = RaftRole.Candidate;
        _electionElapsed = 0;
        _forced = force;
        DrawElectionTimeout();
        _selfVoteOwed = true; // counts once it is durable, like anyone else's
        AskForVotes(MessageKind.Vote, _term);
    }

    private void AskForVotes(MessageKind kind, ulong term)
    {
        foreach (var peer in _peers)
        {
            if (!Membership.IsVoter(peer.Member)) continue;
            Send(new Message
            {
                Kind = kind,
                To = peer.Member,
                Term = term,
                Index = _log.LastIndex,
                LogTerm = _log.LastTerm,
                Force = kind == MessageKind.Vote && _forced,
            });
        }
    }

    private void CountSelfVote()
    {
        _selfVoteOwed = false;
        if (_role == RaftRole.Candidate && RecordVote(Self, granted: true) == VoteResult.Won) BecomeLeader();
    }

    private bool IsUpToDate(in Message candidate) =>
        candidate.LogTerm > _log.LastTerm || (candidate.LogTerm == _log.LastTerm && candidate.Index >= _log.LastIndex);

    private void OnPreVote(in Message message)
    {
        // No promise is made and nothing is written: only whether a vote would be given.
        var granted = message.Term > _term && !LeaderIsAlive && MayVote && IsUpToDate(message);
        Send(new Message { Kind = MessageKind.PreVoteReply, To = message.From, Term = granted ? message.Term : _term, Reject = !granted });
    }

    private void OnPreVoteReply(in Message message)
    {
        if (_role != RaftRole.PreCandidate) return;
        if (!message.Reject && message.Term != _term + 1) return; // of an earlier attempt
        switch (RecordVote(message.From, !message.Reject))
        {
            case VoteResult.Won: Campaign(force: false); break;
            case VoteResult.Lost: BecomeFollower(_term, MemberId.None); break;
            default: break;
        }
    }

    private void OnVote(in Message message)
    {
        var free = _vote == message.From || (_vote.IsNone && _leader.IsNone);
        var granted = free && MayVote && IsUpToDate(message);
        if (granted)
        {
            Invariant.Require(_vote.IsNone || _vote == message.From, "one vote per term");
            if (_vote.IsNone)
            {
                _vote = message.From;
                _voteToken = NextToken;
                _hardStateChanged = true;
            }
            if (_role == RaftRole.PreCandidate) BecomeFollower(_term, MemberId.None);
            _electionElapsed = 0;
        }
        Send(new Message { Kind = MessageKind.VoteReply, To = message.From, Reject = !granted });
    }

    private void OnVoteReply(in Message message)
    {
        if (_role != RaftRole.Candidate) return;
        switch (RecordVote(message.From, !message.Reject))
        {
            case VoteResult.Won: BecomeLeader(); break;
            case VoteResult.Lost: BecomeFollower(_term, MemberId.None); break;
            default: break;
        }
    }

    /// <summary>The first answer of a member counts; a repeated one changes nothing.</summary>
    private VoteResult RecordVote(MemberId member, bool granted)
    {
        var known = false;
        foreach (var vote in _votes) known |= vote.Member == member;
        if (!known) _votes.Add(new MemberValue(member, granted ? 1UL : 2UL));
        return Quorum.Tally(Membership, System.Runtime.InteropServices.CollectionsMarshal.AsSpan(_votes));
    }

    private void OnTimeoutNow(in Message message)
    {
        if (_leader != message.From || !Membership.IsVoter(Self) || !MayVote) return;
        Campaign(force: true);
    }
}
