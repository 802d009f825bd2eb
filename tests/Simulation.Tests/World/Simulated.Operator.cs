using VideoScale.Consensus;
using VideoScale.Consensus.Core;
using VideoScale.Simulation.Engine;
using VideoScale.Simulation.Seams;

namespace VideoScale.Simulation.World;

/// <summary>
/// Somebody who wants a certain membership and asks whoever leads for it, again and again: learners first, voters once they have caught up.
/// </summary>
internal sealed partial class Simulated
{
    private readonly PeerStatus[] _progress = new PeerStatus[64];
    private (int Voters, int Learners)? _goal;
    private int _lastVoters;
    private int _journeyStep;

    private void Operate()
    {
        _agenda.Add(NowUs + 250_000, new Due(Happening.Operator, 0, 0, 0, null));
        if (Leader() is not { Core: { } core } leader || leader.IsPaused) return;
        Watch(core.Membership);
        var goal = Plan.Journey.Count > 0 ? NextOnJourney(core)
            : _goal is { } wanted ? new Membership(Ids(wanted.Voters), [], Ids(wanted.Learners)) : Replacing(core.Membership);
        if (goal is null || goal.Voters.IsEmpty || core.Membership.IsJoint || core.Membership.Equals(goal)) return;
        if (!goal.Voters.All(voter => core.Membership.IsVoter(voter) || IsProven(voter))
            || (!Plan.Abrupt && !HaveCaughtUp(core, goal, leader.Id))) goal = WithLearners(core.Membership, goal);
        if (core.Membership.Equals(goal)) return;
        if (IsTraced)
            Tell($"operator asks {leader.Id} for voters {string.Join(',', goal.Voters)} learners {string.Join(',', goal.Learners)}");
        leader.Step(RaftInput.ChangeMembership(goal));
    }

    private void Watch(Membership now)
    {
        if (now.IsJoint || now.Voters.Length == _lastVoters) return;
        if (_lastVoters > 0) Marks.Hit(now.Voters.Length > _lastVoters ? Mark.ClusterGrew : Mark.ClusterShrank);
        _lastVoters = now.Voters.Length;
    }

    /// <summary>The next voter set of the journey; whoever's disk is not whole comes as a learner first, which makes it whole.</summary>
    private Membership NextOnJourney(RaftCore core)
    {
        var slots = Plan.Journey[Math.Min(_journeyStep, Plan.Journey.Count - 1)];
        var voters = Ids(slots);
        var isThere = voters.Length == System.Numerics.BitOperations.PopCount((uint)slots);
        var now = core.Membership;
        if (isThere && _journeyStep < Plan.Journey.Count && !now.IsJoint && core.MembershipIndex <= core.CommitIndex
            && now.Voters.AsSpan().SequenceEqual(voters.AsSpan()))
        {
            _journeyStep++;
            return NextOnJourney(core);
        }
        if (isThere) return new Membership(voters, [], []);
        var damaged = new List<MemberId>();
        for (var i = 0; i < Replicas.Length; i++)
            if ((slots & (1 << i)) != 0 && !now.IsVoter(Replicas[i].Id)) damaged.Add(Replicas[i].Id);
        return now with { Learners = [.. damaged.Order()] };
    }

    private string? NotArrived() =>
        _journeyStep < Plan.Journey.Count ? $"the members are at step {_journeyStep} of {Plan.Journey.Count} of their journey" : null;

    private System.Collections.Immutable.ImmutableArray<MemberId> Ids(int slots)
    {
        var ids = new List<MemberId>();
        for (var i = 0; i < Replicas.Length; i++)
            if ((slots & (1 << i)) != 0 && Replicas[i].IsSound) ids.Add(Replicas[i].Id);
        ids.Sort();
        return [.. ids];
    }

    /// <summary>
    /// Without a wish of its own the operator only puts whoever runs on a wiped machine in the place of who ran there before.
    /// </summary>
    private Membership? Replacing(Membership now)
    {
        var gone = 0;
        foreach (var voter in now.Voters)
            if (SlotOf(voter) < 0) gone++;
        if (gone == 0) return null;
        var voters = now.Voters.Where(voter => SlotOf(voter) >= 0).ToList();
        var spare = Replicas.Where(replica => replica.Core is not null && !now.IsVoter(replica.Id)).Select(replica => replica.Id)
            .Take(gone);
        voters.AddRange(spare);
        voters.Sort();
        return new Membership([.. voters], [], [.. now.Learners.Where(learner => SlotOf(learner) >= 0 && !voters.Contains(learner))]);
    }

    private bool HaveCaughtUp(RaftCore core, Membership goal, MemberId leader)
    {
        var known = core.CopyProgress(_progress);
        var within = (ulong)(20 + 2 * Plan.Clients + Plan.Flood); // about what is always on its way
        foreach (var voter in goal.Voters)
        {
            if (voter == leader || core.Membership.IsVoter(voter)) continue;
            var caughtUp = false;
            for (var i = 0; i < known; i++)
                caughtUp |= _progress[i].Member == voter && _progress[i].Match + within >= core.Log.LastIndex;
            if (!caughtUp) return false;
        }
        return true;
    }

    /// <summary>
    /// A new log counts for nothing until a leader has confirmed it, so it comes as a learner first; the product's driver does the same.
    /// </summary>
    private bool IsProven(MemberId member) => SlotOf(member) is >= 0 and var slot && !Replicas[slot].Disk.Origin.IsNew;

    private static Membership WithLearners(Membership now, Membership goal)
    {
        var learners = goal.Voters.Concat(goal.Learners).Where(member => !now.IsVoter(member)).Distinct().Order();
        return now with { Learners = [.. learners] };
    }
}
