namespace VideoScale.Consensus;

/// <summary>Who is in: a configuration is in force from when it is appended, and out of force again when it is truncated.</summary>
public sealed partial class RaftCore
{
    private readonly List<Configured> _configurations = []; // ascending; the first is at or before the log's base

    private Membership? _peersOf;

    private readonly record struct Configured(ulong Index, Membership Membership);

    public Membership Membership => _configurations[^1].Membership;
    public ulong MembershipIndex => _configurations[^1].Index;

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
        var members = new SortedSet<MemberId>([.. Membership.Voters, .. Membership.OutgoingVoters, .. Membership.Learners]);
        members.Remove(Self);
        var peers = new List<PeerProgress>(members.Count);
        foreach (var member in members) peers.Add(Peer(member) ?? new PeerProgress(member, _log.LastIndex + 1, _options));
        _peers = [.. peers];
    }

    private void OnChangeMembership(Membership target)
    {
        if (_role != RaftRole.Leader || IsTransferring || !CommittedInTerm || MembershipIndex > _commit || Membership.IsJoint) return;
        if (target.Voters.IsEmpty || target.IsJoint) return;
        var sameVoters = target.Voters.AsSpan().SequenceEqual(Membership.Voters.AsSpan());
        AppendMembership(sameVoters ? target : target with { OutgoingVoters = Membership.Voters });
        _effects.MembershipAccepted = true;
    }

    /// <summary>Once a joint membership is committed the leader, whoever that is by now, leaves it; once its own removal is committed it steps down.</summary>
    private void AdvanceMembership()
    {
        if (MembershipIndex > _commit || !CommittedInTerm) return;
        if (Membership.IsJoint) AppendMembership(Membership with { OutgoingVoters = [] });
        else if (!Membership.IsVoter(Self)) BecomeFollower(_term, MemberId.None);
    }

    private void AppendMembership(Membership membership)
    {
        Invariant.Require(MembershipIndex <= _commit, "at most one configuration is uncommitted");
        var payload = MembershipCodec.Encode(membership);
        var entry = new Entry(_log.LastIndex + 1, _term, EntryKind.Configuration, ProposalId.None, payload);
        _uncommittedBytes += RaftLog.SizeOf(entry);
        Append(entry);
    }
}
