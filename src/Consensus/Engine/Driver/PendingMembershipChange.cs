namespace VideoScale.Consensus.Engine.Driver;

internal enum ChangeStage : byte
{
    /// <summary>Members that are new become learners first.</summary>
    Learning = 1,
    /// <summary>Those that are to vote fetch the log.</summary>
    CatchingUp = 2,
    /// <summary>The change is in the log; the core leads it to its end.</summary>
    Changing = 3,
}

/// <summary>A membership change on its way, and who waits for it. Loop thread, but for its task.</summary>
internal sealed class PendingMembershipChange(MembershipChange change, ulong expectedIndex)
    : TaskCompletionSource<MembershipResult>(TaskCreationOptions.RunContinuationsAsynchronously)
{
    public MembershipChange Change => change;
    public ulong ExpectedIndex => expectedIndex;
    public Membership Target { get; set; } = Membership.Of();
    public ChangeStage Stage { get; set; }
    public List<CatchUp> Waiting { get; } = [];
}

/// <summary>
/// Whether a member keeps up, in rounds: the log's end as of a moment must be on its disk less than an election timeout later.
/// A member that only just holds on would stall commits as soon as it votes.
/// </summary>
internal sealed class CatchUp(MemberId member)
{
    private ulong _roundTarget;
    private long _roundBegan;

    public MemberId Member => member;
    public bool Ready { get; private set; }

    public void Note(ulong match, ulong logEnd, long now, int electionTicks)
    {
        var quick = now - _roundBegan < electionTicks;
        if (!quick) Ready = false;
        if (_roundTarget != 0 && match < _roundTarget) return;
        if (_roundTarget != 0) Ready = quick;
        (_roundTarget, _roundBegan) = (logEnd, now);
    }
}
