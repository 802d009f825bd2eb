using VideoScale.Consensus;
using VideoScale.ControlPlane.Clocks;
using VideoScale.Model;
using VideoScale.Simulation.World;

namespace VideoScale.Simulation.Workloads.Control;

/// <summary>
/// Log time is true time, and fresh request ids are taken: as long as a majority of the clocks that are compared has always been right.
/// </summary>
internal sealed class ClockChecker(Simulated world)
{
    private const long AheadMs = 8_000; // slewing, reading, and what a clock that is near may draw
    private const long BehindMs = 20_000; // a leader that has just started does not know yet how long nothing ran
    private const long EarliestMs = ProcessClock.EpochMs - 10 * 24 * 3_600_000L; // no clock is that wrong
    private bool _majorityWasWrong;

    /// <summary>A replica compares the clocks of these voters now.</summary>
    public void Compared(Membership membership)
    {
        var right = world.Replicas.Count(replica => membership.Voters.Contains(replica.Id) && replica.Clock.IsRight);
        if (right <= membership.Voters.Length / 2) _majorityWasWrong = true;
    }

    /// <summary>A leader stamps an entry.</summary>
    /// <param name="applied">Log time there; 0 in an empty log, which begins with the leader's own clock when it knows no other.</param>
    public void Stamped(Replica leader, in EntryStamp stamp, LogTime applied)
    {
        if (!stamp.Step.IsNone && stamp.Step.From.UnixMs < EarliestMs)
            throw new Violation("log-time", $"{leader.Id} steps over a time before all logs, from {stamp.Step.From}");
        if (applied.UnixMs == 0 && !leader.Clock.IsRight) _majorityWasWrong = true;
        if (_majorityWasWrong) return;
        var off = stamp.Time.UnixMs - ProcessClock.EpochMs - world.NowMs;
        var drift = world.NowMs * 2 * world.Plan.DriftPpm / 1_000_000;
        if (off > AheadMs + drift || off < -BehindMs - drift)
            throw new Violation("log-time", $"{leader.Id} stamps an entry {off} ms off true time, though most clocks were right");
    }

    /// <summary>A request was refused for what it says.</summary>
    public void Refused(string request, string why)
    {
        if (!_majorityWasWrong && why.Contains(" breaks the rule: at most ", StringComparison.Ordinal))
            throw new Violation("fresh-ids", $"{request} is refused though it was made just now: {why}");
    }
}
