using VideoScale.Chaos.Checkers;
using VideoScale.Chaos.Faults;
using VideoScale.Chaos.Partitions;
using VideoScale.Chaos.Timelines;
using VideoScale.V1;

namespace VideoScale.Chaos.Tests;

/// <summary>What overlapping faults forbid and permit, of three replicas of which 0 leads.</summary>
public sealed class StretchesTests
{
    private const long ServedNs = 10_000_000_000;

    [Fact]
    public void Nothing_may_be_served_while_a_cut_and_a_kill_together_leave_no_majority()
    {
        var sure = Stretches.Sure([Struck(new CutLinks(1_000, 4_000, "x", [[0, 1], [1, 0]])), Struck(new Kill(2_000, 2_000, 2))], 3);
        Assert.Equal(["1000-2000: leads 0 1 2", "2000-4000: leads", "4000-5000: leads 0 1 2"], sure.Select(Words));
    }

    [Fact]
    public void Disks_clocks_and_media_nodes_keep_no_replica_from_serving() =>
        Assert.Empty(Stretches.Sure([Struck(new HoldDisk(0, 9_000, 0)),
        Struck(new SlowDisk(0, 9_000, 1, 5)), Struck(new FillDisk(0, 9_000, 1)), Struck(new ShiftClock(0, 9_000, 2, 5)),
        Struck(new FreezeNode(0, 9_000, 0))], 3));

    [Fact]
    public void A_process_that_is_started_again_is_not_sure_to_be_away_nor_counted_on_before_it_answers()
    {
        var kill = Struck(new Kill(1_000, 12_000, 1), endedMs: 15_000);
        Assert.Equal(["1000-13000"], Stretches.Sure([kill], 3).Select(Times));
        Assert.Equal(["1000-15000", "15000-30000"], Steady([kill]).Select(Times));
    }

    [Fact]
    public void Service_is_owed_where_nothing_changes_for_long_enough()
    {
        StruckFault[] struck = [Struck(new Freeze(2_000, 3_000, 0)), Struck(new Kill(6_000, 12_000, 0))];
        var steady = Steady(struck);
        Assert.Equal(["6000-18000", "18000-30000"], steady.Select(Times)); // before there are but 2, 3 and 1 s
        Assert.False(steady[0].Partition.MustServe(0));
        Assert.True(steady[0].Partition.MustServe(1) && steady[0].Partition.MustServe(2));
        Assert.True(steady[1].Partition.MustServe(0));
    }

    [Fact]
    public void What_is_begun_shortly_before_it_grows_worse_is_not_owed() =>
        Assert.Equal(["0-13000"], Steady([Struck(new Freeze(23_000, 7_000, 1))]).Select(Times));

    [Fact]
    public void Clocks_slow_disks_and_media_nodes_excuse_nothing() =>
        Assert.Equal(["0-30000"], Steady([Struck(new ShiftClock(5_000, 9_000, 0, 5)),
        Struck(new SlowDisk(6_000, 9_000, 0, 5)), Struck(new CutNode(7_000, 9_000, 0, [0, 1, 2], true, true))]).Select(Times));

    [Fact]
    public void A_held_disk_excuses_its_replica_and_everybody_when_it_is_the_leaders()
    {
        var follower = Steady([Struck(new HoldDisk(0, 30_000, 2))]);
        Assert.True(follower[0].Partition.MustServe(1) && !follower[0].Partition.MustServe(2));
        Assert.Empty(Steady([Struck(new HoldDisk(0, 30_000, 0))]));
        Assert.Empty(Steady([Struck(new HoldDisk(0, 30_000, 2))], new ReplicaView(2, Ns(9_000), ReplicaRole.Leader, 7, 2)));
    }

    private static IReadOnlyList<Fault> Steady(StruckFault[] struck, params ReplicaView[] views) =>
        Stretches.Steady(struck, views, 3, 0, Ns(30_000), ServedNs);

    private static StruckFault Struck(ScheduledFault fault, long? endedMs = null) =>
        new(fault, [0, 1, 2], Ns(fault.AtMs), Ns(fault.AtMs)) { EndBeganNs = Ns(fault.UntilMs), EndedNs = Ns(endedMs ?? fault.UntilMs) };

    private static string Words(Fault fault) =>
        $"{Times(fault)}: leads{string.Concat(fault.Partition.PossibleLeaders.Select(static one => $" {one}"))}";

    private static string Times(Fault fault) => $"{fault.CutNs / 1_000_000}-{fault.HealedNs / 1_000_000}";

    private static long Ns(long ms) => ms * 1_000_000;
}
