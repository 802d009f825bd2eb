namespace VideoScale.Consensus.Core;

/// <summary>
/// Replicas that may not decide. One that stands aside has been told that another process has its identity.
/// One whose disk lost entries does not vote, lead or acknowledge until a leader has confirmed that it has again
/// all that it may have acknowledged. One whose state differs from the majority's keeps its log, which is sound, but never votes or leads
/// again.
/// </summary>
/// <remarks>
/// Why a confirmed repair is safe: an entry that this replica once acknowledged to leader L of term T, and that may be committed because of
/// it, is in L's log, hence at or below L's end when L learned of the repair; or it was committed before a later leader was elected,
/// without a vote of ours since the damage, so that leader has it. Until then the leader counts nothing that we say, and forgets what we
/// said before.
/// </remarks>
public sealed partial class RaftCore
{
    private ulong _repair;
    private bool _abstaining;
    private bool _aside;
    private string? _conflict;

    /// <summary>This replica fetches again what its disk lost.</summary>
    public bool IsRepairing => _repair != 0;

    /// <summary>
    /// Why this replica takes no part any more; null while it does. Somebody's log was lost without anybody noticing, and members that did
    /// not have what is committed here elected each other: this log may be the only right one, so it is kept as it is.
    /// </summary>
    public string? Conflict => _conflict;

    private bool MayVote => _repair == 0 && !_abstaining && !_aside && _conflict is null;

    private void NoteRepaired(in Message heartbeat)
    {
        if (_repair == 0 || heartbeat.RepairNonce != _repair || Math.Min(_matched, _durableIndex) < heartbeat.Index) return;
        _repair = 0;
        EndAsNew();
    }

    /// <summary>
    /// What this replica acknowledged to this very leader is not in its log any more: it was set back while nobody looked.
    /// </summary>
    private void FindLoss(in Message heartbeat)
    {
        _repair = _chance.Next() | 1;
        _matched = _commit;
        _ackOwed = false;
        _effects.LossFound =
            $"the leader, member {heartbeat.From}, counts on entry {heartbeat.Commit}, and the log ends at {_log.LastIndex}";
    }

    /// <summary>
    /// What an earlier process acknowledged or voted for may not be in this log. The same repair as after a loss of entries; nothing of
    /// before is sent any more. Whoever is the only voter cannot be repaired by anybody: its log is what there is.
    /// </summary>
    private void OnSetBack(MemberId by, ulong remembered, ulong start)
    {
        if (_repair != 0 || (!Membership.IsJoint && Membership.Voters.Length == 1 && Membership.IsVoter(Self))) return;
        TakeNoLead();
        _repair = _chance.Next() | 1;
        _matched = _commit;
        _effects.LossFound = $"member {by} remembers start {remembered} of this replica, and this is start {start} of another process. "
            + "This directory was set back to an older copy of itself, or is the copy of one that ran since";
    }

    private void OnStandAside(bool aside)
    {
        _aside = aside;
        if (aside) TakeNoLead();
    }

    /// <summary>Follows nobody for now, and what waits to be sent stays here.</summary>
    private void TakeNoLead()
    {
        if (_role != RaftRole.Follower) BecomeFollower(_term, MemberId.None);
        _leader = MemberId.None;
        _ackOwed = false;
        _held.Clear();
    }

    /// <returns>False: whatever led here goes no further.</returns>
    private bool MeetConflict(string what)
    {
        TakeNoLead();
        _conflict = what;
        _effects.ConflictFound = what;
        return false;
    }

    private void OnAbstain()
    {
        _abstaining = true;
        if (_role == RaftRole.Leader) OnTransfer(MemberId.None);
        if (_role != RaftRole.Follower && !IsTransferring) BecomeFollower(_term, MemberId.None);
    }
}
