using Grpc.Core;
using VideoScale.Chaos.Checkers;
using VideoScale.Chaos.Partitions;
using VideoScale.Chaos.Timelines;
using VideoScale.Chaos.Workloads;
using VideoScale.V1;

namespace VideoScale.Chaos.Tests;

/// <summary>A run that keeps every law, and one breach after the other, each found by its law alone.</summary>
public sealed class PartitionCheckerTests
{
    private const double ServedMs = 1_000;
    private static readonly Fault Fault = new(PartitionShape.OfThree[0].Of(0, new Random(1)), Ns(1_000), Ns(1_000), Ns(5_000))
    {
        ServedAgainMs = 550,
    };

    [Fact]
    public void A_run_that_keeps_the_laws_passes_and_tests_each()
    {
        var laws = Check(Calls, Views);
        Assert.All(laws, law => Assert.Empty(law.Violations));
        Assert.All(laws, law => Assert.True(law.Tested > 0, law.Law));
        Assert.Equal([300, 300], new PartitionChecker(Calls, Views, [Fault], ServedMs).Recoveries().Select(one => one.Ms!.Value));
    }

    [Fact]
    public void Two_leaders_of_one_term_are_found() =>
        Breaks("one leader in a term", Calls, [.. Views, new(2, Ns(3_000), ReplicaRole.Leader, 2, 2)]);

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void An_answer_from_the_minority_is_found(bool isRead) =>
        Breaks("nothing is served where no majority is reached", [.. Calls, Call(0, isRead, 2_000, 2_050, isRead ? 30UL : 9)], Views);

    [Fact]
    public void What_was_under_way_when_links_were_cut_or_ended_after_they_healed_is_no_breach()
    {
        PinnedCall[] more = [Call(0, false, 900, 1_200, 11), Call(0, false, 2_000, 5_100, 12)];
        Assert.All(Check([.. Calls, .. more], Views), law => Assert.Empty(law.Violations));
    }

    [Fact]
    public void A_read_from_before_an_acknowledged_write_is_found() =>
        Breaks("a linearizable read shows all that was acknowledged before it", [.. Calls, Call(1, true, 5_600, 5_650, index: 7)], Views);

    [Fact]
    public void A_majority_that_is_not_served_in_time_is_found() =>
        Breaks("who reaches a majority is served", [.. Calls.Where(call => call.Replica != 1 || call.BeganNs < Fault.CutNs
            || call.BeganNs > Ns(2_500))], Views);

    [Fact]
    public void A_call_that_fails_although_it_is_served_there_is_found() =>
        Breaks("who reaches a majority is served", [.. Calls, Told(2, 3_000)], Views);

    [Fact]
    public void A_call_that_hangs_where_it_is_served_is_found() =>
        Breaks("who reaches a majority is served", [.. Calls, Call(2, false, 2_000, 4_900, 23)], Views);

    [Fact]
    public void A_call_that_fails_only_after_it_has_healed_is_found() =>
        Breaks("who reaches a majority is served", [.. Calls, Told(2, 4_995)], Views);

    [Fact]
    public void A_majority_that_commits_nothing_is_found() => Breaks("where somebody reaches a majority, something is committed",
        [.. Calls.Where(call => call.IsRead || !call.Succeeded || call.BeganNs < Fault.CutNs || call.BeganNs > Fault.HealedNs),
            Call(1, true, 1_100, 1_300, 20), Call(2, true, 1_100, 1_300, 20)], Views);

    [Fact]
    public void A_cluster_that_does_not_come_back_is_found() => Assert.Equal("when it has healed, all are served",
        new PartitionChecker(Calls, Views, [Fault with { ServedAgainMs = null }], ServedMs).Check()
            .Single(law => law.Violations.Count > 0).Law);

    [Fact]
    public void Terms_that_run_away_are_found() => Breaks("at most two terms for each time that links are cut", Calls,
        [.. Views, new(1, Ns(4_000), ReplicaRole.Candidate, 4, null)]);

    private static void Breaks(string law, IReadOnlyCollection<PinnedCall> calls, IReadOnlyCollection<ReplicaView> views)
    {
        var broken = Check(calls, views).Where(found => found.Violations.Count > 0).ToArray();
        Assert.Equal(law, Assert.Single(broken).Law);
    }

    private static IReadOnlyList<LawFinding> Check(IReadOnlyCollection<PinnedCall> calls, IReadOnlyCollection<ReplicaView> views) =>
        new PartitionChecker(calls, views, [Fault], ServedMs).Check();

    /// <summary>The leader, 0, is cut off at 1 s and healed at 5 s; 1 leads from 1.2 s on.</summary>
    private static PinnedCall[] Calls =>
    [
        Call(0, false, 500, 550, 10),
        Told(0, 1_500), Told(0, 3_000),
        Told(1, 1_050), Call(1, false, 1_100, 1_300, 20), Call(1, true, 2_000, 2_010, 20), Call(1, false, 3_000, 3_020, 21),
        Call(2, false, 1_100, 1_300, 20), Call(2, true, 3_500, 3_510, 22),
        Call(0, false, 5_500, 5_550, 30), Call(1, true, 5_600, 5_610, 30),
    ];

    private static ReplicaView[] Views =>
    [
        new(0, Ns(500), ReplicaRole.Leader, 1, 0), new(1, Ns(500), ReplicaRole.Follower, 1, 0),
        new(1, Ns(1_300), ReplicaRole.Leader, 2, 1), new(0, Ns(5_500), ReplicaRole.Follower, 2, 1),
    ];

    private static PinnedCall Call(int replica, bool isRead, long beganMs, long endedMs, ulong index) =>
        new(replica, isRead, "room", Ns(beganMs), Ns(endedMs), StatusCode.OK, "", index);

    private static PinnedCall Told(int replica, long beganMs) => new(replica, false, "room", Ns(beganMs), Ns(beganMs + 10),
        StatusCode.Unavailable, "no leader is known for 2 s", 0);

    private static long Ns(long ms) => ms * 1_000_000;
}
