namespace VideoScale.Consensus.Core;

/// <summary>Who is in: a configuration is in force from when it is appended, and out of force again when it is truncated.</summary>
public sealed partial class RaftCore
{
    private readonly List<Configured> _configurations = []; // ascending; the first is at or before the log's base

    /// <summary>Election timeouts for which a member that was removed is still told so.</summary>
    private const int TicksToLeave = 10;

    private Membership? _peersOf;

    private readonly record struct Configured(ulong Index, Membership Membership);

    public Membership Membership => _configurations[^1].Membership;
    public ulong MembershipIndex => _configurations[^1].Index;

    /// <summary>
    /// A voter may; and whoever a membership leaves out that is not committed yet: it may be the only one that has it, and those who stay
    /// elect nobody whose log is behind. Its own vote does not count, as it is in no voter set.
    /// </summary>
    private bool MayCampaign => MayVote && (Membership.IsVoter(Self)
        || (MembershipIndex > _commit && _configurations.Count > 1 && _configurations[^2].Membership.IsVoter(Self)));

    private void NoteConfiguration(in Entry entry)
    {
        if (entry.Kind != EntryKind.Configuration) return;
        Invariant.Require(entry.Index > MembershipIndex, "configurations follow each other in the log");
        _configurations.Add(new Configured(entry.Index, MembershipCodec.Decode(entry.Payload.Span)));
        RefreshPeers();
    }

    private void RefreshPeers()
    {
        if (ReferenceEquals(_peersOf, Membership)) return;
        _peersOf = Membership;
        var members = Membership.Everyone;
        members.Remove(Self);
        var peers = new List<PeerProgress>(members.Count);
        foreach (var member in members)
        {
            var peer = Peer(member) ?? new PeerProgress(member, _log.LastIndex + 1, _options);
            peer.LeavesAt = 0;
            peers.Add(peer);
        }
        if (_role == RaftRole.Leader) KeepLeaving(members, peers);
        _peers = [.. peers];
    }

    /// <summary>
    /// Who is out is still told so, by this leader and only for a while: else it would wait for ever for a leader that has forgotten it.
    /// </summary>
    private void KeepLeaving(SortedSet<MemberId> members, List<PeerProgress> peers)
    {
        foreach (var peer in _peers)
        {
            if (members.Contains(peer.Member)) continue;
            if (peer.LeavesAt == 0) (peer.LeavesAt, peer.LeavingTicks) = (MembershipIndex, 0);
            peers.Add(peer);
        }
    }

    private void TickLeaving()
    {
        var gone = 0;
        foreach (var peer in _peers)
        {
            if (peer.LeavesAt != 0 && (peer.CommitSent >= peer.LeavesAt || ++peer.LeavingTicks > TicksToLeave * _options.ElectionTicks))
                gone++;
        }
        if (gone > 0)
            _peers = Array.FindAll(_peers, peer => peer.LeavesAt == 0
                || (peer.CommitSent < peer.LeavesAt && peer.LeavingTicks <= TicksToLeave * _options.ElectionTicks));
    }

    private void OnChangeMembership(Membership target)
    {
        if (_role != RaftRole.Leader || IsTransferring || !CommittedInTerm || MembershipIndex > _commit || Membership.IsJoint) return;
        if (target.Voters.IsEmpty || target.IsJoint) return;
        var sameVoters = target.Voters.AsSpan().SequenceEqual(Membership.Voters.AsSpan());
        AppendMembership(sameVoters ? target : target with { OutgoingVoters = Membership.Voters });
        _effects.MembershipAccepted = true;
    }

    /// <summary>
    /// Once a joint membership is committed the leader, whoever that is by now, leaves it; once its own removal is committed it steps down.
    /// </summary>
    private void AdvanceMembership()
    {
        if (MembershipIndex > _commit || !CommittedInTerm) return;
        if (Membership.IsJoint) AppendMembership(Membership.Settled());
        else if (!Membership.IsVoter(Self) && !Array.Exists(_peers, StillToTell)) Retire();
    }

    /// <summary>Whoever is removed together with the leader hears of it from nobody else.</summary>
    private bool StillToTell(PeerProgress peer) =>
        peer.LeavesAt != 0 && peer.CommitSent < peer.LeavesAt && peer.SilentTicks < _options.ElectionTicks;

    /// <summary>The leader's own removal is committed: the others are told, and the furthest voter need not wait for silence.</summary>
    private void Retire()
    {
        foreach (var peer in _peers) SendHeartbeat(peer);
        if (FurthestVoter() is { } heir && heir.Match == _log.LastIndex) Send(new Message
        {
            Kind = MessageKind.TimeoutNow,
            To = heir.Member,
        });
        BecomeFollower(_term, MemberId.None);
    }

    private void AppendMembership(Membership membership)
    {
        Invariant.Require(MembershipIndex <= _commit, "at most one configuration is uncommitted");
        var payload = MembershipCodec.Encode(membership);
        var entry = new Entry(_log.LastIndex + 1, _term, EntryKind.Configuration, ProposalId.None, payload);
        _uncommittedBytes += entry.CountedBytes;
        Append(entry);
    }
}
