using VideoScale.ControlPlane.Commands;
using VideoScale.ControlPlane.Nodes;
using VideoScale.ControlPlane.Placement;
using VideoScale.ControlPlane.Rebalancing;
using VideoScale.ControlPlane.Rooms;
using VideoScale.ControlPlane.Tests.Core;
using VideoScale.Model;

namespace VideoScale.ControlPlane.Tests.Rebalancing;

/// <summary>What holds on every replica, whatever a leader thinks: mode, quiet hours, budgets, rest, and that nothing gets worse.</summary>
public sealed class RebalanceTests
{
    private static readonly RebalanceSettings On = RebalanceSettings.Default with { Mode = AutomationMode.On };

    private static Bed Given(RebalanceSettings settings, int rooms = 1)
    {
        var bed = new Bed();
        bed.Node("a");
        bed.Node("b");
        for (var i = 0; i < rooms; i++) bed.Room($"r{i}", "a", need: new(2, 5, 20_000));
        bed.Must(new RebalanceCommand.Set(settings));
        return bed;
    }

    private static RebalanceCommand.MoveRoom Move(Bed bed, string room, string to = "b", uint from = 900, uint then = 500) =>
        new(new(new(room), bed.Get(room).LastEpoch, bed.Get(room).LastNode, new(to), 5, from, then, 40));

    private static void Arrive(Bed bed, string room, string node)
    {
        bed.Must(new RoomCommand.Release(new(room), bed.Get(room).LastEpoch, bed.Get(room).LastNode, 1));
        bed.Assign(room, node);
    }

    [Fact]
    public void A_move_is_chosen_with_its_figures_revoked_for_it_and_placed_because_of_it()
    {
        var bed = Given(On);
        var before = bed.Events.Count;
        bed.Must(Move(bed, "r0"));
        Arrive(bed, "r0", "b");
        Assert.Equal(["RoomChosenForBalance", "RoomRevoked", "RoomReleased", "PlacementDecided", "RoomPlaced"], bed.EventNames(before));
        var chosen = bed.Events[before];
        Assert.Equal("moved for balance: r0 from a (900‰ in use) to b (500‰ with it): 40‰ of relief, 5 people", chosen.Event.Words);
        Assert.Equal(chosen.Context.Ref, bed.Events[before + 1].Cause);
        Assert.Equal(chosen.Context.Ref, bed.Events[before + 3].Cause); // the decision
        Assert.Equal(PlacementReason.MoveRequested, bed.Get("r0").Why);
    }

    [Theory]
    [InlineData(AutomationMode.Off)]
    [InlineData(AutomationMode.DryRun)]
    public void Nothing_moves_unless_it_is_on(AutomationMode mode)
    {
        var bed = Given(On with { Mode = mode });
        Assert.Contains("nothing is moved", bed.Refused(FailureCode.FailedPrecondition, Move(bed, "r0")), StringComparison.Ordinal);
    }

    [Fact]
    public void Nothing_moves_where_nobody_has_set_anything()
    {
        var bed = new Bed();
        bed.Node("a");
        bed.Node("b");
        bed.Room("r0", "a");
        bed.Refused(FailureCode.FailedPrecondition, Move(bed, "r0"));
        Assert.Null(bed.State.Rebalancing);
    }

    [Fact]
    public void Quiet_hours_may_reach_over_midnight()
    {
        var bed = Given(On with { QuietFromMinute = 23 * 60, QuietToMinute = 60 });
        var midnight = bed.Now.UnixMs / 86_400_000 * 86_400_000 + 86_400_000;
        bed.Now = new(midnight + 30 * 60_000);
        Assert.Contains("quiet", bed.Refused(FailureCode.FailedPrecondition, Move(bed, "r0")), StringComparison.Ordinal);
        bed.Now = new(midnight + 60 * 60_000);
        bed.Must(Move(bed, "r0"));
    }

    [Fact]
    public void So_many_at_once_and_so_many_a_minute()
    {
        var bed = Given(On with { MaxInParallel = 2, MaxPerMinute = 3 }, rooms: 5);
        bed.Must(Move(bed, "r0"));
        bed.Must(Move(bed, "r1"));
        Assert.Contains("at once", bed.Refused(FailureCode.ResourceExhausted, Move(bed, "r2")), StringComparison.Ordinal);
        Arrive(bed, "r0", "b");
        bed.Must(Move(bed, "r2"));
        Arrive(bed, "r1", "b");
        Assert.Contains("within a minute", bed.Refused(FailureCode.ResourceExhausted, Move(bed, "r3")), StringComparison.Ordinal);
        bed.Pass(60_000);
        bed.Must(Move(bed, "r3"));
    }

    [Fact]
    public void A_room_that_was_moved_rests_and_one_that_never_was_need_not()
    {
        var bed = Given(On);
        bed.Pass(1);
        bed.Must(Move(bed, "r0"));
        Arrive(bed, "r0", "b");
        bed.Pass(599_999);
        Assert.Contains("it stays", bed.Refused(FailureCode.FailedPrecondition, Move(bed, "r0", "a")), StringComparison.Ordinal);
        bed.Pass(1);
        bed.Must(Move(bed, "r0", "a"));
    }

    [Fact]
    public void What_is_out_of_date_full_or_no_better_is_refused()
    {
        var bed = Given(On);
        var stale = Move(bed, "r0");
        Assert.Contains("no better", bed.Refused(FailureCode.FailedPrecondition, Move(bed, "r0", from: 900, then: 900)),
            StringComparison.Ordinal);
        bed.Node("small", bitrateKbps: 10_000);
        bed.Refused(FailureCode.ResourceExhausted, Move(bed, "r0", "small"));
        bed.Refused(FailureCode.NotFound, Move(bed, "r0", "nowhere"));
        bed.Must(new NodeCommand.Cordon(new("b")));
        bed.Refused(FailureCode.FailedPrecondition, Move(bed, "r0"));
        bed.Must(new NodeCommand.Uncordon(new("b")));
        bed.Must(stale);
        Arrive(bed, "r0", "b");
        Assert.Contains("stale epoch", bed.Refused(FailureCode.FailedPrecondition, stale), StringComparison.Ordinal);
    }

    [Fact]
    public void Settings_break_no_rule_and_the_same_again_is_nothing()
    {
        var bed = Given(On);
        var events = bed.Events.Count;
        bed.Must(new RebalanceCommand.Set(On));
        Assert.Equal(events, bed.Events.Count);
        foreach (var wrong in (RebalanceSettings[])[On with { Mode = 0 }, On with { AbovePermille = 299 }, On with { MaxInParallel = 0 },
            On with { MaxPerMinute = 241 }, On with { CooldownMs = 59_999 }, On with { QuietFromMinute = 1_440 }])
            bed.Refused(FailureCode.InvalidArgument, new RebalanceCommand.Set(wrong));
    }

    /// <summary>A state without it is written as it always was; one with it comes back whole, and counts in the hash.</summary>
    [Fact]
    public void It_is_in_snapshots_in_the_hash_and_in_the_fold()
    {
        var bed = Given(On);
        bed.Must(Move(bed, "r0"));
        var restored = Bed.Restored(bed.State);
        Assert.Equal(bed.State.Rebalancing!.Settings, restored.Rebalancing!.Settings);
        Assert.True(bed.State.Rebalancing.RecentMs.SequenceEqual(restored.Rebalancing.RecentMs));
        Assert.Equal(bed.State.StateHash(), restored.StateHash());
        Assert.Equal(bed.State.StateHash(), Bed.Fold(bed.Events).StateHash());
        Assert.Equal(Bed.SnapshotOf(bed.State), Bed.SnapshotOf(restored));
        var hash = bed.State.StateHash();
        bed.Must(new RebalanceCommand.Set(On with { MaxPerMinute = 7 }));
        Assert.NotEqual(hash, Bed.Restored(bed.State).StateHash());
        Assert.Equal(1, Bed.SnapshotOf(new Bed().State)[4]); // the first format
    }
}
