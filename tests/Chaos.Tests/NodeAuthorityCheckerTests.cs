using VideoScale.Chaos.Checkers;
using VideoScale.Chaos.Faults;

namespace VideoScale.Chaos.Tests;

/// <summary>A node, a, that hears no replica from 1 s to 20 s; its lease is 5 s, and within 5 s more its room is b's.</summary>
public sealed class NodeAuthorityCheckerTests
{
    private static readonly CutNode Cut = new(1_000, 19_000, 0, [0, 1, 2], ToNode: true, FromNode: true);
    private static readonly Grant[] Good = [Granted("a", 1, 500), Granted("a", 1, 5_500), Granted("b", 2, 8_000), Granted("b", 2, 30_000)];

    [Fact]
    public void A_node_that_stops_in_time_and_another_that_takes_over_break_nothing()
    {
        Assert.All(Check(Cut, Good), static law => Assert.True(law.Tested == 1 && law.Violations.Count == 0, law.Law));
        Assert.Equal([7_000], Checker(Cut, Good).Elsewhere().Select(static one => one.Ms!.Value));
    }

    [Fact]
    public void A_node_that_grants_after_its_lease_is_found() =>
        Breaks("who hears no replica grants nothing once its lease has ended", Cut, [.. Good, Granted("a", 1, 6_500)]);

    [Fact]
    public void A_room_that_goes_nowhere_or_too_late_is_found()
    {
        Breaks("the rooms of a node that is cut off go elsewhere", Cut, [.. Good.Where(static grant => grant.Node == "a")]);
        Breaks("the rooms of a node that is cut off go elsewhere", Cut, [Good[0], Granted("b", 2, 12_000)]);
    }

    [Fact]
    public void A_node_that_hears_some_replica_is_owed_nothing_and_owes_nothing()
    {
        Grant[] grants = [.. Good, Granted("a", 1, 12_000)];
        Assert.All(Check(Cut with { Replicas = [0, 1] }, grants), static law => Assert.Equal((0, 0), (law.Tested, law.Violations.Count)));
        Assert.All(Check(Cut with { ToNode = false }, grants), static law => Assert.Equal((0, 0), (law.Tested, law.Violations.Count)));
    }

    private static void Breaks(string law, CutNode cut, Grant[] grants) =>
        Assert.Equal(law, Assert.Single(Check(cut, grants), static found => found.Violations.Count > 0).Law);

    private static IReadOnlyList<LawFinding> Check(CutNode cut, Grant[] grants) => Checker(cut, grants).Check();

    private static NodeAuthorityChecker Checker(CutNode cut, Grant[] grants) => new(grants, [new StruckFault(cut, [0, 1, 2], Ns(cut.AtMs),
        Ns(cut.AtMs)) { EndBeganNs = Ns(cut.UntilMs), EndedNs = Ns(cut.UntilMs) }], ["a", "b"], 3, Ns(5_000), Ns(5_000));

    private static Grant Granted(string node, ulong epoch, long atMs) => new("room", node, epoch, Ns(atMs), Ns(atMs));

    private static long Ns(long ms) => ms * 1_000_000;
}
