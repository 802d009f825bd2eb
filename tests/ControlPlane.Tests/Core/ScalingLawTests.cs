using VideoScale.ControlPlane.Placement;
using VideoScale.ControlPlane.Pools;
using VideoScale.ControlPlane.Scaling;
using VideoScale.Model;

namespace VideoScale.ControlPlane.Tests.Core;

public sealed class ScalingLawTests
{
    private static readonly Capacity Size = new(100, 1_000, 100_000);
    private static readonly PoolPolicy Policy = PoolPolicy.Default with { Min = 1, Max = 20, HoldMs = 60_000 };

    private static PoolNode Node(int number, uint percent = 0, PoolNodeStanding standing = PoolNodeStanding.Open, bool released = false,
        uint participants = 0, bool fresh = true, bool empty = false, uint queue = 0, long waited = 0, bool ours = true, uint cpu = 0) =>
            new(
        new($"eu-{number}"), ours, standing, released, Size,
        standing == PoolNodeStanding.Booting ? null : new NodeUse(new(0, 0, Size.BitrateKbps * percent / 100), cpu), percent > 0 ? 1u : 0,
        participants, fresh, empty, queue, waited);

    private static ScalingInput Input(PoolPolicy policy, long nowMs, params PoolNode[] nodes) =>
        new(new("eu", policy, [], 0, 0, "", 100), [.. nodes], [], Reservation.Nothing, 0, 30_000, nowMs, nowMs);

    private static ScalingPlan Decide(params PoolNode[] nodes) => ScalingLaw.Decide(Input(Policy, 0, nodes), new());

    [Fact]
    public void As_many_nodes_as_keep_the_share_in_use_at_the_target()
    {
        // 2.1 nodes' worth at 70 %: three
        var plan = Decide(Node(1, 100), Node(2, 110));
        Assert.Equal((2_100u, 3u, 2u, 1u), (plan.Reason.NeedMilliNodes, plan.Reason.Desired, plan.Reason.Standing, plan.Launch));
        Assert.Contains("bitrate", plan.Reason.Why, StringComparison.Ordinal);
        Assert.Equal(0u, Decide(Node(1, 70), Node(2, 70)).Launch);
        Assert.Equal(1u, Decide(Node(1, 70), Node(2, 71)).Launch);
    }

    [Fact]
    public void The_tightest_dimension_decides() =>
        Assert.Equal((1_600u, "CPU"), Decide(Node(1, 10, cpu: 900), Node(2, 10, cpu: 700)) is var plan
            ? (plan.Reason.NeedMilliNodes, plan.Reason.Why) : default);

    [Fact]
    public void Those_on_their_way_in_count_so_that_no_round_launches_twice()
    {
        var plan = Decide(Node(1, 150), Node(2, standing: PoolNodeStanding.Booting), Node(3, standing: PoolNodeStanding.Booting));
        Assert.Equal((3u, 3u, 0u), (plan.Reason.Desired, plan.Reason.Standing, plan.Launch));
    }

    [Fact]
    public void A_step_is_bounded_and_so_is_the_whole()
    {
        Assert.Equal(4u, Decide(Node(1, 1_200)).Launch);
        Assert.Equal(5u, Decide([.. Enumerable.Range(1, 10).Select(i => Node(i, 200))]).Launch);
        var full = ScalingLaw.Decide(Input(Policy with { Max = 2 }, 0, Node(1, 300), Node(2, 300)), new());
        Assert.Equal((2u, 0u), (full.Reason.Desired, full.Launch));
        Assert.Contains("2 are the most", full.Reason.Why, StringComparison.Ordinal);
        // what leaves runs still: together with it there are never more than the most
        var leaving = ScalingLaw.Decide(Input(Policy with { Max = 2 }, 0, Node(1, 300), Node(2, 10, PoolNodeStanding.Leaving)), new());
        Assert.Equal(0u, leaving.Launch);
    }

    [Fact]
    public void A_node_that_is_leaving_is_kept_before_another_is_launched()
    {
        var plan = Decide(Node(1, 100), Node(2, 10, PoolNodeStanding.Leaving, released: true, participants: 9),
            Node(3, 0, PoolNodeStanding.Drained, released: true), Node(4, 30, PoolNodeStanding.Leaving, released: false));
        Assert.Equal(["eu-3"], plan.Keep.Select(key => key.Value));
        Assert.Equal(0u, plan.Launch);
    }

    [Fact]
    public void Nothing_leaves_before_a_smaller_need_has_lasted()
    {
        var memory = new ScalingMemory();
        ScalingPlan At(long nowMs, uint percent) =>
            ScalingLaw.Decide(Input(Policy, nowMs, Node(1, percent), Node(2, percent), Node(3, percent)), memory);
        Assert.Equal(0u, (uint)At(0, 60).Release.Length);
        for (var now = 2_000L; now < 60_000; now += 2_000)
        {
            var plan = At(now, 10);
            Assert.True(plan.Release.IsEmpty, $"at {now} ms: {plan.Words}");
            Assert.NotEmpty(plan.Held);
        }
        Assert.Single(At(62_000, 10).Release); // the 60 % are over a minute ago
    }

    [Fact]
    public void A_leader_that_has_just_begun_lets_nothing_leave()
    {
        var plan = Decide(Node(1, 5), Node(2, 5), Node(3, 5));
        Assert.True(plan.IsNothing);
        Assert.Contains("watched for less", plan.Held, StringComparison.Ordinal);
    }

    [Fact]
    public void Nothing_leaves_while_the_load_is_not_known_and_it_is_watched_for_anew_afterwards()
    {
        var memory = new ScalingMemory();
        for (var now = 0L; now <= 60_000; now += 2_000) ScalingLaw.Decide(Input(Policy, now, Node(1, 5), Node(2, 5)), memory);
        var blind = ScalingLaw.Decide(Input(Policy, 62_000, Node(1, 5), Node(2, 0, fresh: false)), memory);
        Assert.True(blind.IsNothing);
        Assert.Contains("not known", blind.Held, StringComparison.Ordinal);
        Assert.True(ScalingLaw.Decide(Input(Policy, 64_000, Node(1, 5), Node(2, 5)), memory).Release.IsEmpty);
        for (var now = 66_000L; now < 124_000; now += 2_000)
            Assert.True(ScalingLaw.Decide(Input(Policy, now, Node(1, 5), Node(2, 5)), memory).Release.IsEmpty);
        Assert.Single(ScalingLaw.Decide(Input(Policy, 126_000, Node(1, 5), Node(2, 5)), memory).Release);
    }

    [Fact]
    public void Those_leave_whom_the_fewest_miss_and_few_at_a_time()
    {
        var memory = new ScalingMemory();
        PoolNode[] nodes =
        [
            Node(1, 2, participants: 9), Node(2, 2, participants: 3), Node(3, 2, participants: 7),
            Node(4, standing: PoolNodeStanding.Booting, waited: 5_000),
        ];
        for (var now = 0L; now < 60_000; now += 2_000) ScalingLaw.Decide(Input(Policy, now, nodes), memory);
        var first = ScalingLaw.Decide(Input(Policy, 60_000, nodes), memory);
        Assert.Equal([("eu-4", TerminationReason.NotNeeded)], first.Terminate.Select(each => (each.Key.Value, each.Reason)));
        Assert.Empty(first.Release);
        var second = ScalingLaw.Decide(Input(Policy, 62_000, nodes[..3]), memory);
        Assert.Equal(["eu-2"], second.Release.Select(key => key.Value));
        nodes[1] = Node(2, 2, PoolNodeStanding.Leaving, released: true, participants: 3);
        Assert.Empty(ScalingLaw.Decide(Input(Policy, 64_000, nodes[..3]), memory).Release); // one leaves already
    }

    [Fact]
    public void An_instance_goes_on_the_logs_word_and_on_its_own()
    {
        Assert.Empty(Gone(Node(2, 0, PoolNodeStanding.Drained, released: true, empty: false)));
        Assert.Empty(Gone(Node(2, 5, PoolNodeStanding.Drained, released: true, empty: true)));
        Assert.Equal([TerminationReason.Drained], Gone(Node(2, 0, PoolNodeStanding.Drained, released: true, empty: true)));
        Assert.Equal([TerminationReason.NodeGone], Gone(Node(2, 0, PoolNodeStanding.Gone)));
        Assert.Equal([TerminationReason.NeverRegistered],
            Gone(Node(2, standing: PoolNodeStanding.Booting, waited: (long)Policy.BootLimitMs)));

        static IEnumerable<TerminationReason> Gone(PoolNode second) => Decide(Node(1, 50), second).Terminate.Select(each => each.Reason);
    }

    [Fact]
    public void A_need_that_rises_is_met_before_it_is_there()
    {
        var memory = new ScalingMemory();
        ScalingPlan plan = null!;
        for (var now = 0L; now <= 30_000; now += 2_000) // 1 % of a node each second
            plan = ScalingLaw.Decide(Input(Policy, now, Node(1, (uint)(20 + now / 1_000))), memory);
        Assert.Equal(500u, plan.Reason.NeedMilliNodes);
        Assert.InRange(plan.Reason.ForecastMilliNodes, 780u, 820u); // in 30 s
        Assert.Equal(1u, plan.Launch);
        Assert.Contains("rising", plan.Reason.Why, StringComparison.Ordinal);
        // and one that falls is not met early
        for (var now = 32_000L; now <= 160_000; now += 2_000)
            plan = ScalingLaw.Decide(Input(Policy, now, Node(1, 50 - (uint)Math.Min(40, (now - 30_000) / 2_000))), memory);
        Assert.Equal(plan.Reason.NeedMilliNodes, plan.Reason.ForecastMilliNodes);
    }

    [Fact]
    public void Rooms_that_wait_count_before_any_node_is_there_and_packets_that_wait_before_figures_say_so()
    {
        var waiting = Input(Policy with { Min = 0 }, 0) with { Waiting = new(4, 4, 15_000), WaitingRooms = 1 };
        Assert.Equal(1u, ScalingLaw.Decide(waiting, new()).Launch);
        var more = Input(Policy, 0, Node(1, 60)) with { Waiting = new(0, 0, 90_000), WaitingRooms = 6 };
        Assert.Equal((1_500u, 3u), ScalingLaw.Decide(more, new()) is var plan ? (plan.Reason.NeedMilliNodes, plan.Reason.Desired)
            : default);
        Assert.Equal(1u, Decide(Node(1, 20, queue: ScalingLaw.QueueLimitMicros)).Launch);
    }

    [Fact]
    public void Nodes_that_somebody_started_by_hand_count_and_are_never_the_scalers()
    {
        var memory = new ScalingMemory();
        PoolNode[] nodes = [Node(1, 5), Node(2, 5), Node(90, 90, ours: false), Node(91, 0, PoolNodeStanding.Gone, ours: false)];
        for (var now = 0L; now < 60_000; now += 2_000) ScalingLaw.Decide(Input(Policy, now, nodes), memory);
        var plan = ScalingLaw.Decide(Input(Policy, 60_000, nodes), memory);
        Assert.Equal((1u, 2u), (plan.Reason.Desired, plan.Reason.Standing)); // 1.0 / 0.7 makes two, and one is there by hand
        Assert.All(plan.Release, key => Assert.StartsWith("eu-", key.Value, StringComparison.Ordinal));
        Assert.DoesNotContain(plan.Release, key => key.Value == "eu-90");
        Assert.Empty(plan.Terminate);
    }
}
