namespace VideoScale.Consensus.Core;

/// <summary>Leading: proposals, replication windows, commit, quorum check.</summary>
public sealed partial class RaftCore
{
    private PeerProgress[] _peers = [];
    private int _heartbeatElapsed;
    private int _quorumElapsed;
    private long _uncommittedBytes;
    private ulong _termStart;
    private ulong _round;
    private ulong _sentRound;

    public long UncommittedBytes => _uncommittedBytes;

    /// <summary>A committed entry of the leader's own term: before it, the leader does not know what is committed.</summary>
    private bool CommittedInTerm => _commit >= _termStart;

    private void BecomeLeader()
    {
        LeaveRole();
        Invariant.Require(_vote == Self && _durableToken >= _voteToken, "a leader's own vote is durable");
        _role = RaftRole.Leader;
        _leader = Self;
        _electionElapsed = 0;
        _heartbeatElapsed = 0;
        _quorumElapsed = 0;
        _round = 0;
        _sentRound = 0;
        Invariant.Require(Membership.IsVoter(Self)
            || MembershipIndex > _commit, "only a voter leads, or whoever brings its own removal to an end");
        for (var i = 0; i < _peers.Length; i++) _peers[i] = new PeerProgress(_peers[i].Member, _log.LastIndex + 1, _options);
        _termStart = _log.LastIndex + 1;
        Append(_termStart, EntryKind.Noop, ProposalId.None, default);
        _uncommittedBytes = _log.BytesBetween(_commit, _log.LastIndex);
        BeginRound();
    }

    private void StopLeading()
    {
        FailReads();
        _transferTo = MemberId.None;
        _peers = Array.FindAll(_peers, peer => peer.LeavesAt == 0);
        _uncommittedBytes = 0;
        _termStart = ulong.MaxValue;
    }

    private void OnPropose(ReadOnlySpan<Proposal> proposals)
    {
        _effects.FirstProposal = _log.LastIndex + 1;
        if (_role != RaftRole.Leader || IsTransferring) return;
        var accepted = 0;
        foreach (ref readonly var proposal in proposals)
        {
            var entry = new Entry(_log.LastIndex + 1, _term, EntryKind.Command, proposal.Id, proposal.Payload);
            var size = entry.CountedBytes;
            if (_uncommittedBytes > 0 && _uncommittedBytes + size > _options.MaxUncommittedBytes) break;
            _uncommittedBytes += size;
            Append(entry);
            accepted++;
        }
        _effects.ProposalsAccepted = accepted;
    }

    private void TickLeader()
    {
        foreach (var peer in _peers)
        {
            peer.SilentTicks++;
            if (peer is not { State: PeerState.Replicate, Inflight: > 0 }) continue;
            // Nothing came back for long: what was sent may be lost, and nothing behind it will show the gap.
            if (++peer.StallTicks >= _options.ElectionTicks) peer.BecomeProbe(peer.Match + 1);
        }
        if (++_quorumElapsed >= _options.ElectionTicks)
        {
            _quorumElapsed = 0;
            if (!HasActiveQuorum())
            {
                BecomeFollower(_term, MemberId.None);
                return;
            }
        }
        TickTransfer();
        TickLeaving();
        if (_abstaining && !IsTransferring)
        {
            BecomeFollower(_term, MemberId.None);
            return;
        }
        if (++_heartbeatElapsed >= _options.HeartbeatTicks) BeginRound();
    }

    private bool HasActiveQuorum()
    {
        Span<MemberValue> values = stackalloc MemberValue[_peers.Length + 1];
        for (var i = 0; i < _peers.Length; i++)
        {
            values[i] = new MemberValue(_peers[i].Member, _peers[i].Active && !_peers[i].IsRepairing ? 1UL : 0);
            _peers[i].Active = false;
        }
        values[^1] = new MemberValue(Self, 1);
        return Quorum.Agreed(Membership, values) >= 1;
    }

    /// <summary>
    /// What every step of a leader ends with: commit what a majority has, answer reads, fill windows, tell the commit index.
    /// </summary>
    private void LeadOn()
    {
        AdvanceCommit();
        AdvanceMembership();
        if (_role != RaftRole.Leader) return; // it committed its own removal
        AdvanceReads();
        foreach (var peer in _peers)
        {
            Replicate(peer);
            SendHeartbeat(peer);
        }
        _sentRound = _round;
    }

    private void AdvanceCommit()
    {
        Span<MemberValue> values = stackalloc MemberValue[_peers.Length + 1];
        for (var i = 0; i < _peers.Length; i++) values[i] = new MemberValue(_peers[i].Member, _peers[i].IsRepairing ? 0 : _peers[i].Match);
        values[^1] = new MemberValue(Self, _durableIndex); // its own append counts only once durable
        var agreed = Quorum.Agreed(Membership, values);
        // Only an entry of this term commits by counting; it carries those before it.
        if (agreed <= _commit || _log.TermAt(agreed) != _term) return;
        _uncommittedBytes -= _log.BytesBetween(_commit, agreed);
        _commit = agreed;
    }

    private void Replicate(PeerProgress peer)
    {
        while (true)
        {
            if (peer.State == PeerState.Snapshot || (peer.State == PeerState.Probe && peer.ProbeSent)) return;
            if (peer.State == PeerState.Replicate && (peer.WindowFull || peer.Next > _log.LastIndex)) return;
            var before = peer.Next - 1;
            if (before < _log.BaseIndex)
            {
                if (!peer.Active) return; // a member that does not answer gets no snapshot yet
                peer.BecomeSnapshot(_snapshot.Index);
                _effects.AddSnapshot(peer.Member);
                return;
            }
            var entries = _log.Slice(peer.Next, _log.LastIndex, _options.MaxAppendBytes, out var bytes);
            Send(new Message
            {
                Kind = MessageKind.Append,
                To = peer.Member,
                Index = before,
                LogTerm = _log.TermAt(before),
                Commit = _commit,
                Entries = entries,
            });
            peer.CommitSent = Math.Max(peer.CommitSent, Math.Min(_commit, before + (ulong)entries.Length));
            if (peer.State == PeerState.Probe)
            {
                peer.ProbeSent = true;
                peer.ProbeRound = _round;
                return;
            }
            peer.Sent(before + (ulong)entries.Length, bytes);
        }
    }

    /// <summary>
    /// A heartbeat goes out for a new round, and when a member does not know the commit index yet and no append is there to carry it.
    /// </summary>
    private void SendHeartbeat(PeerProgress peer)
    {
        var commit = Math.Min(_commit, peer.Match);
        var newRound = _round > _sentRound;
        if (!newRound && commit <= peer.CommitSent) return;
        peer.CommitSent = Math.Max(peer.CommitSent, commit);
        Send(new Message
        {
            Kind = MessageKind.Heartbeat,
            To = peer.Member,
            Commit = commit,
            Context = newRound ? _round : 0,
            Hint = peer.WholeNonce,
            Index = peer.IsWhole ? peer.RepairTarget : 0,
        });
    }

    private void BeginRound()
    {
        _round++;
        _heartbeatElapsed = 0;
    }

    private PeerProgress? Peer(MemberId member)
    {
        foreach (var peer in _peers)
        {
            if (peer.Member == member) return peer;
        }
        return null;
    }

    private PeerProgress? HeardFrom(MemberId member)
    {
        if (_role != RaftRole.Leader || Peer(member) is not { } peer) return null;
        peer.Active = true;
        peer.SilentTicks = 0;
        unchecked { peer.Heard++; }
        return peer;
    }

    private void OnAppendReply(in Message message)
    {
        if (HeardFrom(message.From) is not { } peer || !peer.NoteRepair(message.RepairNonce, _log.LastIndex, _round, confirms: 0)) return;
        if (message.Reject)
        {
            OnRefusedAppend(peer, message);
            return;
        }
        // its log holds what a leader must have: whoever elected us had lost it, and the member is to lead
        if (message.Index > _log.LastIndex)
        {
            BecomeFollower(_term, MemberId.None);
            return;
        }
        peer.Acknowledge(message.Index);
        switch (peer.State)
        {
            case PeerState.Probe: peer.BecomeReplicate(); break;
            case PeerState.Snapshot when peer.Match >= _log.BaseIndex && peer.Match >= peer.PendingSnapshot: peer.BecomeReplicate(); break;
            default: break;
        }
        HandOverWhenCaughtUp(peer);
    }

    private void OnRefusedAppend(PeerProgress peer, in Message message)
    {
        // The follower said where the logs may agree; our own terms may rule out more.
        var hint = _log.LastNotAfter(Math.Max(message.Hint, _log.BaseIndex), message.LogTerm);
        if (message.Hint < _log.BaseIndex) hint = message.Hint;
        switch (peer.State)
        {
            case PeerState.Replicate when message.Index > peer.Match:
                peer.BecomeProbe(hint + 1);
                break;
            case PeerState.Probe when message.Index == peer.Next - 1:
                peer.BecomeProbe(Math.Min(message.Index, hint + 1));
                break;
            default: break; // an old refusal
        }
    }

    private void OnHeartbeatReply(in Message message)
    {
        if (HeardFrom(message.From) is not { } peer || !peer.NoteRepair(message.RepairNonce, _log.LastIndex, _round, message.Context))
            return;
        if (message.Context > _round) return; // of a leadership of this term that a disk set back has forgotten
        if (!peer.IsRepairing) peer.ConfirmedRound = Math.Max(peer.ConfirmedRound, message.Context);
        // the probe or its answer may be lost
        if (peer.State == PeerState.Probe && message.Context > peer.ProbeRound) peer.ProbeSent = false;
    }

    private void OnDisconnected(MemberId member, bool canServe)
    {
        if (_role == RaftRole.Leader && Peer(member) is { State: PeerState.Replicate } peer) peer.BecomeProbe(peer.Match + 1);
        if (_role == RaftRole.Follower && member == _leader) SuspectLeader(canServe);
    }

    /// <summary>What a leader knows of the others, for status pages.</summary>
    /// <returns>How many were written.</returns>
    public int CopyProgress(Span<PeerStatus> target)
    {
        var count = 0;
        foreach (var peer in _peers)
        {
            if (count == target.Length) break;
            if (peer.LeavesAt == 0)
                target[count++] = new PeerStatus(peer.Member, peer.State, peer.Match, peer.SilentTicks, Membership.IsVoter(peer.Member),
                    peer.IsRepairing, peer.Heard);
        }
        return count;
    }
}

public readonly record struct PeerStatus(MemberId Member, PeerState State, ulong Match, int SilentTicks, bool Voter, bool Repairing,
    uint Heard = 0);
