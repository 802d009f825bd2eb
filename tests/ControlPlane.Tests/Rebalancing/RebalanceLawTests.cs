using VideoScale.ControlPlane.Placement;
using VideoScale.ControlPlane.Rebalancing;
using VideoScale.Harness;
using VideoScale.Model;

namespace VideoScale.ControlPlane.Tests.Rebalancing;

/// <summary>Which rooms leave which nodes, over fleets of all kinds.</summary>
public sealed class RebalanceLawTests
{
    private const uint Above = 780;
    private const long NowMs = 20_000;
    private static readonly Capacity Caps = new(10_000, 100_000, 4_000_000);

    private sealed record Given(NodeView[] Views, Dictionary<NodeId, List<MovableRoom>> Rooms) : IFleet
    {
        public ulong ViewIndex => 1;
        public ReadOnlySpan<NodeView> Nodes => Views;
        public NodeView Find(NodeId node) => Views.Single(view => view.Node == node);
    }

    [Fact]
    public void Every_move_relieves_a_crowded_node_and_ends_better_than_it_was_within_all_bounds() => Seeds.Run(2_000, random =>
    {
        var fleet = Some(random);
        var most = random.Next(0, 9);
        var moves = Plan(fleet, most);
        Assert.True(moves.Count <= most, $"{moves.Count} of {most}");
        Assert.Equal(moves.Count, moves.Select(move => move.Room).Distinct().Count());
        foreach (var move in moves)
        {
            var room = fleet.Rooms[move.From].Single(each => each.Room == move.Room);
            var (from, to) = (fleet.Find(move.From), fleet.Find(move.To));
            Assert.True(room.MayMove && move.From != move.To && move.Epoch == room.Epoch && move.Participants == room.Participants);
            Assert.Equal(NodeStanding.Open, to.Standing);
            Assert.NotNull(to.Load);
            Assert.True(room.Region.Length == 0 || room.Region == to.Region, "its region");
            Assert.True(move.FromPermille > Above - 50, $"{move.FromPermille}: it was crowded");
            Assert.True(move.ToPermille < move.FromPermille && move.ToPermille <= Above, $"{move}: no better");
            Assert.InRange(move.ReliefPermille, 1u, RebalanceLaw.LargestPermille);
            Assert.True(from.Load!.Value.CpuPermille > Above - 50 || from.Actual.BitrateKbps > 0);
        }
    });

    [Fact]
    public void The_same_fleet_is_moved_in_the_same_way() => Seeds.Run(200, random =>
    {
        var fleet = Some(random);
        Assert.Equal(Plan(fleet, 8), Plan(fleet, 8));
    });

    [Fact]
    public void What_relieves_most_for_each_person_goes_first_and_a_room_that_fills_its_node_stays()
    {
        var rooms = new List<MovableRoom>
        {
            Room("all-of-it", 1_200_000, 4), Room("many-people", 100_000, 50), Room("few-people", 100_000, 5),
        };
        var moves = Plan(Fleet(rooms, cpu: 900), 1);
        Assert.Equal("few-people", Assert.Single(moves).Room.Value);
        Assert.Equal(["few-people", "many-people"], Plan(Fleet(rooms, cpu: 900), 9).Select(move => move.Room.Value));
    }

    [Fact]
    public void Nothing_moves_off_a_node_that_is_not_crowded_or_of_which_nothing_is_known()
    {
        var rooms = new List<MovableRoom> { Room("a", 100_000, 5) };
        Assert.NotEmpty(Plan(Fleet(rooms, cpu: 781), 4));
        Assert.Empty(Plan(Fleet(rooms, cpu: 700), 4));
        Assert.Empty(Plan(Fleet(rooms, cpu: 900, measuredAtMs: NowMs - 11_000), 4));
        Assert.Empty(Plan(Fleet([rooms[0] with { MayMove = false }], cpu: 900), 4));
    }

    private static IReadOnlyList<PlannedMove> Plan(Given fleet, int most) => RebalanceLaw.Plan(fleet, PlacementPolicy.Forecast,
        node => fleet.Rooms[node], Above, most, PlacementSettings.Default, NowMs);

    /// <summary>One node with these rooms, and one with little to do.</summary>
    private static Given Fleet(List<MovableRoom> rooms, uint cpu, long measuredAtMs = NowMs)
    {
        var crowded = View("n0", rooms, cpu, measuredAtMs);
        return new([crowded, View("n1", [], 100, NowMs)], new() { [new("n0")] = rooms, [new("n1")] = [] });
    }

    private static MovableRoom Room(string name, ulong kbps, uint people, string region = "") =>
        new(new(name), new Epoch(7), region, new(people, people, kbps), new(people, people, kbps), new(people, people, kbps), people, true);

    private static NodeView View(string name, List<MovableRoom> rooms, uint cpu, long measuredAtMs,
        NodeStanding standing = NodeStanding.Open, string region = "")
    {
        var actual = rooms.Aggregate(Reservation.Nothing, (sum, room) => sum + room.Actual);
        return new(new(name), 1, region, standing, Caps, rooms.Aggregate(Reservation.Nothing, (sum, room) => sum + room.Charged), actual,
            (uint)rooms.Count, Reservation.Nothing, 0,
            new(cpu, actual.BitrateKbps, actual.Publishers, actual.Subscribers, measuredAtMs) { ActualKbpsThen = actual.BitrateKbps })
        {
            CpuPermillePerTbps = 600_000,
            SettledKbps = rooms.Where((_, i) => i % 2 == 0).Aggregate(0UL, (sum, room) =>
                sum + room.Charged.BitrateKbps - room.Actual.BitrateKbps),
        };
    }

    private static Given Some(Random random)
    {
        var rooms = new Dictionary<NodeId, List<MovableRoom>>();
        var views = new List<NodeView>();
        for (var i = 0; i < random.Next(1, 9); i++)
        {
            var here = Enumerable.Range(0, random.Next(0, 12)).Select(r => Room($"r{i}-{r}", (ulong)random.Next(0, 300_000),
                (uint)random.Next(1, 60), random.Next(4) == 0 ? "eu" : "") with
            { MayMove = random.Next(5) > 0 })
                .Select(room => room with { Charged = room.Charged with { BitrateKbps = room.Charged.BitrateKbps * 3 } }).ToList();
            var standing = random.Next(4) == 0 ? (NodeStanding)random.Next(0, 7) : NodeStanding.Open;
            var view = View($"n{i}", here, (uint)random.Next(100, 1_000), NowMs - (random.Next(6) == 0 ? 15_000 : 0), standing,
                random.Next(2) == 0 ? "eu" : "");
            views.Add(random.Next(8) == 0 ? view with { Load = null } : view);
            rooms[view.Node] = here;
        }
        return new([.. views], rooms);
    }
}
