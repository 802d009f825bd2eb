using FsCheck;
using FsCheck.Fluent;
using VideoScale.ControlPlane.Drain;
using VideoScale.ControlPlane.Fleets;
using VideoScale.ControlPlane.Nodes;
using VideoScale.ControlPlane.Placement;
using VideoScale.ControlPlane.Rooms;
using VideoScale.Harness;
using VideoScale.Model;

namespace VideoScale.ControlPlane.Tests.Core;

public sealed class PlacementTests
{
    private static readonly Reservation Small = new(2, 2, 100);

    [Fact]
    public void The_node_with_most_room_left_wins_and_a_tie_goes_to_fewer_rooms_then_to_the_smaller_name()
    {
        var bed = new Bed();
        foreach (var n in new[] { "n3", "n1", "n2" }) bed.Node(n);
        var view = View(bed);
        Assert.Equal("n1", Pick(view));
        bed.Room("a", "n1", need: new(100, 100, 1_000));
        Assert.Equal("n2", Pick(View(bed)));
        bed.Room("b", "n2", need: default);
        Assert.Equal("n3", Pick(View(bed)));
    }

    /// <summary>
    /// What the dashboard shows is what placement goes by: measured load counts where it is more than what is charged, and so does CPU.
    /// </summary>
    [Fact]
    public void Headroom_is_the_score_of_a_room_that_needs_nothing()
    {
        var bed = new Bed();
        bed.Node("n1", publishers: 100, subscribers: 1_000, bitrateKbps: 100_000);
        bed.Room("a", "n1", need: new(10, 10, 40_000));
        var view = View(bed);
        int Headroom() => NodeUse.Of(view.Find(new("n1"))!, PlacementSettings.Default, nowMs: 1_000)
            .HeadroomPermille(view.Find(new("n1"))!.Capacity, Reservation.Nothing);
        void Measured(uint cpuPermille, ulong kbps, long atMs) =>
            view.Measured(new("n1"), 1, new MeasuredLoad(cpuPermille, kbps, 0, 0, atMs));
        Assert.Equal(600, Headroom());
        Measured(100, 30_000, 900);
        Assert.Equal(300, Headroom()); // what is measured, and the growth that is still reserved
        Measured(950, 0, 900);
        Assert.Equal(50, Headroom());
        Measured(950, 70_000, 1_000 - PlacementSettings.Default.LoadFreshMs - 1);
        Assert.Equal(600, Headroom()); // too old
        view.Charge(new("b"), new("n1"), new(1, 1, 20_000));
        Assert.Equal(400, Headroom()); // on its way
        Assert.Equal(Headroom(),
            PlacementPolicy.WorstFit.Decide(view, new(Reservation.Nothing, "", PlacementReason.Created, new(""), new("")),
            PlacementSettings.Default, nowMs: 1_000).Candidates[0].ScorePermille);
    }

    [Fact]
    public void Decisions_under_way_are_charged_so_a_burst_spreads()
    {
        var bed = new Bed();
        for (var i = 0; i < 4; i++) bed.Node("n" + i);
        var view = View(bed);
        var picked = new List<string>();
        for (var i = 0; i < 8; i++)
        {
            picked.Add(Pick(view));
            view.Charge(new("r" + i), new(picked[^1]), Small);
        }
        Assert.All(picked.GroupBy(p => p), g => Assert.Equal(2, g.Count()));
        for (var i = 0; i < 8; i++) view.Settle(new("r" + i));
        Assert.All(view.Nodes.ToArray(), n => Assert.Equal((Reservation.Nothing, 0u), (n.Pending, n.PendingRooms)));
    }

    [Fact]
    public void A_large_decision_under_way_weighs_more_than_many_small_rooms()
    {
        var bed = new Bed();
        bed.Node("n1");
        bed.Node("n2");
        var view = View(bed);
        view.Charge(new("big"), new("n1"), new(500, 500, 5_000_000));
        for (var i = 0; i < 5; i++)
        {
            Assert.Equal("n2", Pick(view));
            view.Charge(new("r" + i), new("n2"), Small);
        }
        view.Settle(new("big"));
        Assert.Equal("n1", Pick(view));
    }

    [Theory]
    [InlineData(RejectionReason.Suspected)]
    [InlineData(RejectionReason.Lost)]
    [InlineData(RejectionReason.Cordoned)]
    [InlineData(RejectionReason.Draining)]
    [InlineData(RejectionReason.Drained)]
    [InlineData(RejectionReason.OtherRegion)]
    [InlineData(RejectionReason.MovedFrom)]
    [InlineData(RejectionReason.NotTarget)]
    [InlineData(RejectionReason.Publishers)]
    [InlineData(RejectionReason.Subscribers)]
    [InlineData(RejectionReason.Bitrate)]
    [InlineData(RejectionReason.Cpu)]
    [InlineData(RejectionReason.Leaving)]
    public void Each_reason_to_reject_keeps_a_node_out_and_is_told(RejectionReason reason)
    {
        var bed = new Bed();
        bed.Node("n0");
        bed.Node("n1", publishers: 100, subscribers: 100, bitrateKbps: 1_000, region: "us");
        var request = new PlacementRequest(Small, "", PlacementReason.Created, new(""), new(""));
        switch (reason)
        {
            case RejectionReason.Suspected: bed.Must(new NodeCommand.Suspect(new("n1"), 1)); break;
            case RejectionReason.Lost: bed.Must(new NodeCommand.DeclareLost(new("n1"), 1, LossReason.LeaseEnded)); break;
            case RejectionReason.Cordoned: bed.Must(new NodeCommand.Cordon(new("n1"))); break;
            case RejectionReason.Draining: bed.Must(new DrainCommand.Begin(new("n1"), 0)); break;
            case RejectionReason.Drained:
                bed.Must(new DrainCommand.Begin(new("n1"), 0)); bed.Must(new DrainCommand.Complete(new("n1"))); break;
            case RejectionReason.OtherRegion: bed.Node("n2", region: "eu"); request = request with { Region = "eu" }; break;
            case RejectionReason.MovedFrom: request = request with { Avoid = new("n1") }; break;
            case RejectionReason.NotTarget: request = request with { Target = new("n0") }; break;
            case RejectionReason.Publishers: bed.Room("a", "n1", need: new(84, 0, 0)); break;
            case RejectionReason.Subscribers: bed.Room("a", "n1", need: new(0, 84, 0)); break;
            case RejectionReason.Bitrate: bed.Room("a", "n1", need: new(0, 0, 751)); break;
        }
        var view = View(bed);
        if (reason == RejectionReason.Leaving) view.Measured(new("n1"), 1, new(0, 0, 0, 0, -1_000_000, Leaving: true));
        if (reason == RejectionReason.Cpu) view.Measured(new("n1"), 1, new(851, 0, 0, 0, 1_000));
        var decision = PlacementPolicy.WorstFit.Decide(view, request, PlacementSettings.Default, 1_000);
        Assert.True(decision.Found);
        Assert.NotEqual("n1", decision.Node.Value);
        var rejection = Assert.Single(decision.Rejections, r => r.Node.Value == "n1");
        Assert.Equal(reason, rejection.Reason);
        Assert.Contains(decision.RejectionCounts, c => c.Reason == reason);
        if (reason == RejectionReason.Publishers) Assert.Equal("publishers: 84 of 85 in use, 2 more needed, 1 too much", rejection.Words);
        if (reason == RejectionReason.Bitrate)
            Assert.Equal("bitrate: 751 of 850 kbit/s in use, 100 more needed, 1 kbit/s too much", rejection.Words);
    }

    [Fact]
    public void Old_measurements_are_not_believed_and_another_process_measures_anew()
    {
        var bed = new Bed();
        bed.Node("n1");
        var view = View(bed);
        view.Measured(new("n1"), 1, new(1000, 0, 0, 0, 0));
        Assert.False(Decide(view, 10_000).Found);
        Assert.True(Decide(view, 10_001).Found);
        bed.Node("n1", 2);
        view.Refresh(bed.State, bed.Index);
        Assert.True(Decide(view, 10_000).Found);
    }

    [Fact]
    public void Measured_load_counts_beside_the_growth_still_reserved()
    {
        var bed = new Bed();
        bed.Node("n1");
        bed.Node("n2");
        bed.Room("a", "n1", need: new(10, 10, 1_000_000));
        bed.Room("b", "n2", need: new(10, 10, 1_000_000));
        bed.Admit("a", "p");
        var view = View(bed);
        view.Measured(new("n1"), 1, new(0, 2_000_000, 1, 1, 0));
        view.Measured(new("n2"), 1, new(0, 10, 0, 0, 0));
        Assert.Equal("n2", Pick(view));
        var growth = 1_000_000 - RoomCost.Of(1, 1).BitrateKbps;
        var expected = 1000 - (int)((2_000_000 + growth + Small.BitrateKbps + 9_999) / 10_000);
        Assert.Equal(expected, Decide(view, 0).Candidates[1].ScorePermille);
    }

    [Fact]
    public void A_moved_room_goes_back_rather_than_nowhere()
    {
        var bed = new Bed();
        bed.Node("n1");
        Assert.Equal("n1", PlacementPolicy.WorstFit.Decide(View(bed), new(Small, "", PlacementReason.MoveRequested, new("n1"), new("n9")),
            PlacementSettings.Default, 0).Node.Value);
    }

    [Fact]
    public void What_the_policy_picks_the_decider_accepts() => Seeds.Run(150, random =>
    {
        var bed = new Bed();
        for (var i = 0; i < 5; i++)
            bed.Node("n" + i, publishers: (uint)random.Next(5, 60), subscribers: (uint)random.Next(5, 90),
                bitrateKbps: (ulong)random.Next(10_000, 400_000), region: random.Next(2) == 0 ? "eu" : "us");
        var view = new FleetView();
        for (var i = 0; i < 40; i++)
        {
            view.Refresh(bed.State, bed.Index);
            var settings = RoomSettings.Default with
            {
                ExpectedParticipants = (uint)random.Next(12),
                MaxPublishers = (uint)random.Next(3),
                Region = random.Next(3) == 0 ? "eu" : "",
            };
            var decision = PlacementPolicy.WorstFit.Decide(view, PlacementInputs.For(settings), PlacementSettings.Default, 0);
            var reply = bed.Must(new RoomCommand.Create(new("r" + i), settings, decision, bed.Term));
            Assert.Equal(decision.Found ? RoomStatus.Active : RoomStatus.Unplaced, reply.Outcome.Status);
            Assert.Equal(decision.Node, reply.Outcome.Node);
            foreach (var node in bed.State.Nodes.InOrder())
                Assert.True(node.Charged.Publishers * 1000 <= node.Record.Capacity.Publishers * 850ul,
                    "the soft limit holds for what is placed");
        }
    });

    [Fact]
    public void Every_node_is_a_candidate_or_counted_as_rejected() => Seeds.Run(100, random =>
    {
        var bed = new Bed();
        for (var i = 0; i < 30; i++)
        {
            bed.Node("n" + i, publishers: (uint)random.Next(1, 20));
            if (random.Next(3) == 0) bed.Must(new NodeCommand.Cordon(new("n" + i)));
        }
        var decision = PlacementPolicy.WorstFit.Decide(View(bed), new(Small, "", PlacementReason.Created, new(""), new("")),
            PlacementSettings.Default, 0);
        var rejected = (int)decision.RejectionCounts.Sum(c => c.Count);
        Assert.True(decision.Candidates.Length <= 8 && decision.Rejections.Length <= 8);
        Assert.Equal(Math.Min(8, 30 - rejected), decision.Candidates.Length);
        Assert.Equal(decision.Candidates.Select(c => c.ScorePermille).OrderDescending(), decision.Candidates.Select(c => c.ScorePermille));
    });

    [Fact]
    public void More_people_never_cost_less() =>
        Prop.ForAll<(byte Participants, byte Publishers), (byte Participants, byte Publishers)>((some, more) =>
    {
        var few = RoomCost.Of(some.Participants, some.Publishers);
        var many = RoomCost.Of((uint)some.Participants + more.Participants, (uint)some.Publishers + more.Publishers);
        return many.BitrateKbps >= few.BitrateKbps && many.Publishers >= few.Publishers && many.Subscribers >= few.Subscribers;
    }).QuickCheckThrowOnFailure();

    [Fact]
    public void A_leave_never_raises_the_cost_also_where_layers_change()
    {
        for (uint participants = 1; participants <= 40; participants++)
            for (uint publishers = 1; publishers <= participants; publishers++)
                Assert.True(RoomCost.Of(participants - 1, publishers - 1).BitrateKbps < RoomCost.Of(participants, publishers).BitrateKbps,
                    $"{publishers} of {participants} publish, one leaves");
    }

    [Fact]
    public void A_reservation_follows_the_hint_within_the_rooms_own_caps()
    {
        var settings = RoomSettings.Default with { ExpectedParticipants = 100 };
        Assert.Equal(115u, PlacementInputs.PeakOf(settings).Subscribers);
        Assert.Equal(40u, PlacementInputs.PeakOf(settings with { MaxParticipants = 40 }).Subscribers);
        Assert.Equal((3u, 115u), (PlacementInputs.PeakOf(settings with { MaxPublishers = 3 }).Publishers,
            PlacementInputs.PeakOf(settings with { MaxPublishers = 3 }).Subscribers));
        Assert.Equal(RoomCost.UnknownPeak, PlacementInputs.PeakOf(RoomSettings.Default).Subscribers);
        Assert.Equal(200u, PlacementInputs.PeakOf(settings, participantsNow: 200).Subscribers);
        // One viewer of one camera: 1,700 kbit/s video and 48 speech, 3 % overhead; the publisher sends 2,348.
        Assert.Equal(new Reservation(1, 1, 2_348 + 1_748 * 103 / 100), RoomCost.Of(1, 1));
    }

    private static FleetView View(Bed bed)
    {
        var view = new FleetView();
        view.Refresh(bed.State, bed.Index);
        return view;
    }

    private static PlacementDecision Decide(FleetView view, long nowMs) =>
        PlacementPolicy.WorstFit.Decide(view, new(Small, "", PlacementReason.Created, new(""), new("")), PlacementSettings.Default, nowMs);

    private static string Pick(FleetView view) => Decide(view, 0).Node.Value;
}
