namespace VideoScale.Consensus;

/// <summary>
/// Replicas that may not decide. One whose disk lost entries does not vote, lead or acknowledge until a leader has confirmed that it has again
/// all that it may have acknowledged. One whose state differs from the majority's keeps its log, which is sound, but never votes or leads again.
/// </summary>
/// <remarks>
/// Why a confirmed repair is safe: an entry that this replica once acknowledged to leader L of term T, and that may be committed because of it, is in
/// L's log, hence at or below L's end when L learned of the repair; or it was committed before a later leader was elected, without a vote of ours since
/// the damage, so that leader has it. Until then the leader counts nothing that we say, and forgets what we said before.
/// </remarks>
public sealed partial class RaftCore
{
    private ulong _repair;
    private bool _abstaining;

    /// <summary>This replica fetches again what its disk lost.</summary>
    public bool IsRepairing => _repair != 0;

    private bool MayVote => _repair == 0 && !_abstaining;

    private void NoteRepaired(in Message heartbeat)
    {
        if (_repair != 0 && heartbeat.RepairNonce == _repair && Math.Min(_matched, _durableIndex) >= heartbeat.Index) _repair = 0;
    }

    private void OnAbstain()
    {
        _abstaining = true;
        if (_role == RaftRole.Leader) OnTransfer(MemberId.None);
        if (_role != RaftRole.Follower && !IsTransferring) BecomeFollower(_term, MemberId.None);
    }
}
