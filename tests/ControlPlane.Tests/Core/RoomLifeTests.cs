using VideoScale.ControlPlane.Events;
using VideoScale.ControlPlane.Nodes;
using VideoScale.ControlPlane.Participants;
using VideoScale.ControlPlane.Placement;
using VideoScale.ControlPlane.Rooms;
using VideoScale.Model;

namespace VideoScale.ControlPlane.Tests.Core;

public sealed class RoomLifeTests
{
    [Fact]
    public void Create_and_place_is_one_entry_and_the_epoch_is_the_event_seq_of_the_placement()
    {
        var bed = new Bed();
        bed.Node("n1");
        var reply = bed.Room("standup", "n1");
        Assert.Equal(["MediaNodeRegistered", "RoomCreated", "PlacementDecided", "RoomPlaced"], bed.EventNames());
        Assert.Equal(RoomStatus.Active, reply.Outcome.Status);
        Assert.Equal(new NodeId("n1"), reply.Outcome.Node);
        Assert.Equal(Epoch.Of(0, 4), reply.Outcome.Epoch);
        Assert.Equal(reply.Outcome.Epoch, bed.Get("standup").Owner!.Epoch);
        Assert.Equal([0ul, 0, 2, 3], bed.Events.Select(e => e.Cause.Seq));
    }

    [Fact]
    public void A_room_that_is_open_already_exists() => WithRoom(bed =>
        Assert.Contains("room r", bed.Refused(FailureCode.AlreadyExists, new RoomCommand.Create(new("r"), RoomSettings.Default)),
            StringComparison.Ordinal));

    [Fact]
    public void A_placement_decided_in_another_term_leaves_the_room_unplaced_but_created()
    {
        var bed = new Bed { Term = 7 };
        bed.Node("n1");
        var reply = bed.Must(new RoomCommand.Create(new("r"), RoomSettings.Default, bed.Choice("n1"), PlacementTerm: 6));
        Assert.Equal(RoomStatus.Unplaced, reply.Outcome.Status);
        Assert.Equal("r", Assert.Single(bed.State.WaitingForPlacement()).Name);
    }

    [Theory]
    [InlineData("room_id")]
    [InlineData("expected_participants")]
    [InlineData("region")]
    [InlineData("max_participants")]
    [InlineData("max_publishers")]
    [InlineData("empty_timeout_ms")]
    [InlineData("metadata")]
    public void A_bad_field_is_refused_with_field_value_and_rule(string field)
    {
        var good = RoomSettings.Default;
        var (command, value) = field switch
        {
            "room_id" => (new RoomCommand.Create(new("a b"), good), "a b"),
            "expected_participants" => (new RoomCommand.Create(new("r"), good with { ExpectedParticipants = 100_001 }), "100001"),
            "region" => (new RoomCommand.Create(new("r"), good with { Region = "-eu" }), "-eu"),
            "max_participants" => (new RoomCommand.Create(new("r"), good with { MaxParticipants = 100_001 }), "100001"),
            "max_publishers" => (new RoomCommand.Create(new("r"), good with { MaxPublishers = 100_001 }), "100001"),
            "empty_timeout_ms" => (new RoomCommand.Create(new("r"), good with { EmptyTimeoutMs = 86_400_001 }), "86400001"),
            _ => (new RoomCommand.Create(new("r"), good with { Metadata = new byte[65_537] }), "65537"),
        };
        var message = new Bed().Refused(FailureCode.InvalidArgument, command);
        Assert.StartsWith(field + ":", message, StringComparison.Ordinal);
        Assert.Contains(value, message, StringComparison.Ordinal);
        Assert.Matches("break(s)? the rule: ", message);
    }

    [Fact]
    public void A_placement_that_no_longer_holds_is_recorded_as_failed()
    {
        var bed = new Bed();
        bed.Node("n1", publishers: 3);
        bed.Room("full", "n1", need: new(3, 3, 0));
        var reply = bed.Room("late", "n1", need: new(1, 1, 0));
        Assert.Equal(RoomStatus.Unplaced, reply.Outcome.Status);
        Assert.Equal(["RoomCreated", "PlacementFailed"], bed.EventNames(4));
    }

    [Theory]
    [InlineData("publishers")]
    [InlineData("subscribers")]
    [InlineData("bitrate_kbps")]
    public void A_node_cap_refuses_an_assignment_and_says_which_and_by_how_much(string cap)
    {
        var bed = new Bed();
        bed.Node("n1", publishers: 10, subscribers: 10, bitrateKbps: 10);
        bed.Room("a", "n1", need: new(8, 8, 8));
        bed.Room("b");
        var need = cap switch { "publishers" => new Reservation(5, 0, 0), "subscribers" => new(0, 5, 0), _ => new(0, 0, 5) };
        var message = bed.Refused(FailureCode.ResourceExhausted, new RoomCommand.Assign(new("b"), Epoch.None, bed.Choice("n1", need)));
        Assert.Equal($"node n1: capacity.{cap} 10 reached, 8 in use, 5 more needed, 3 too many", message);
    }

    [Fact]
    public void A_stale_epoch_is_refused_and_the_current_one_named() => WithRoom(bed =>
    {
        var epoch = bed.Get("r").LastEpoch;
        var message = bed.Refused(FailureCode.FailedPrecondition, new RoomCommand.Close(new("r"), new(epoch.Value - 1)));
        Assert.Contains($"the current one is {epoch}", message, StringComparison.Ordinal);
    });

    [Fact]
    public void Two_commits_hand_a_room_over_and_nothing_shorter()
    {
        var bed = new Bed();
        bed.Node("n1");
        bed.Node("n2");
        bed.Room("r", "n1");
        var first = bed.Get("r").LastEpoch;
        bed.Must(new RoomCommand.Move(new("r"), new("n2"), first));
        Assert.Equal(RoomStatus.Revoking, bed.Get("r").Status);
        Assert.Contains("still held by n1", bed.Refused(FailureCode.FailedPrecondition,
            new RoomCommand.Assign(new("r"), first, bed.Choice("n2"))), StringComparison.Ordinal);
        bed.Must(new RoomCommand.Release(new("r"), first, new("n1"), 1));
        Assert.Equal(RoomStatus.Unplaced, bed.Get("r").Status);
        Assert.Equal(new NodeId("n2"), bed.Get("r").Target);
        bed.Assign("r", "n2");
        Assert.True(bed.Get("r").LastEpoch > first);
        Assert.Equal(new NodeId("n2"), bed.Get("r").ActiveNode);
        // RoomPlaced ← PlacementDecided ← RoomMoveRequested
        var placed = bed.Events[^1];
        var decided = bed.Events[(int)placed.Cause.Seq - 1];
        Assert.Equal(EventType.PlacementDecided, decided.Event.Type);
        Assert.Equal(EventType.RoomMoveRequested, bed.Events[(int)decided.Cause.Seq - 1].Event.Type);
    }

    [Fact]
    public void Only_a_revoked_ownership_expires() => WithRoom(bed =>
    {
        var epoch = bed.Get("r").LastEpoch;
        Assert.Contains("was not revoked", bed.Refused(FailureCode.FailedPrecondition, new RoomCommand.ExpireOwnership(new("r"), epoch)),
            StringComparison.Ordinal);
        bed.Node("n2");
        bed.Must(new RoomCommand.Move(new("r"), new(""), Epoch.None));
        bed.Must(new RoomCommand.ExpireOwnership(new("r"), epoch));
        Assert.Null(bed.Get("r").Owner);
    });

    [Fact]
    public void Only_the_owner_under_its_epoch_releases() => WithRoom(bed =>
    {
        bed.Node("n2");
        var epoch = bed.Get("r").LastEpoch;
        bed.Refused(FailureCode.FailedPrecondition, new RoomCommand.Release(new("r"), epoch, new("n2"), 1));
        bed.Refused(FailureCode.FailedPrecondition, new RoomCommand.Release(new("r"), epoch, new("n1"), 2));
        bed.Refused(FailureCode.FailedPrecondition, new RoomCommand.Release(new("r"), new(epoch.Value + 1), new("n1"), 1));
        bed.Must(new RoomCommand.Release(new("r"), epoch, new("n1"), 1));
        var events = bed.Events.Count;
        bed.Must(new RoomCommand.Release(new("r"), epoch, new("n1"), 1)); // a repeat
        Assert.Equal(events, bed.Events.Count);
    });

    [Fact]
    public void Closing_frees_the_seats_and_waits_for_the_owner() => WithRoom(bed =>
    {
        bed.Admit("r", "ann");
        bed.Must(new RoomCommand.Close(new("r"), Epoch.None));
        Assert.Equal(RoomStatus.Closing, bed.Get("r").Status);
        Assert.Equal(0ul, bed.State.SeatCount);
        Assert.Contains("closed", bed.Refused(FailureCode.FailedPrecondition, new ParticipantCommand.Admit(new("r"), new("bob"),
            ParticipantRole.Publisher)), StringComparison.Ordinal);
        bed.Must(new RoomCommand.Release(new("r"), bed.Get("r").LastEpoch, new("n1"), 1));
        Assert.Equal(RoomStatus.Closed, bed.Get("r").Status);
        Assert.Equal(["RoomReleased", "RoomClosed"], bed.EventNames(bed.Events.Count - 2));
    });

    [Fact]
    public void A_room_recreated_while_its_old_owner_holds_it_is_placed_only_after_the_release() => WithRoom(bed =>
    {
        var epoch = bed.Get("r").LastEpoch;
        bed.Must(new RoomCommand.Close(new("r"), Epoch.None));
        var reply = bed.Room("r", "n1");
        Assert.Equal(RoomStatus.Revoking, reply.Outcome.Status);
        bed.Refused(FailureCode.FailedPrecondition, new RoomCommand.Assign(new("r"), epoch, bed.Choice("n1")));
        bed.Must(new RoomCommand.ExpireOwnership(new("r"), epoch));
        Assert.Equal(RoomStatus.Unplaced, bed.Get("r").Status);
        bed.Assign("r", "n1");
        Assert.True(bed.Get("r").LastEpoch > epoch);
    });

    [Fact]
    public void An_empty_room_closes_after_its_timeout_and_not_before() => WithRoom(bed =>
    {
        bed.Pass((long)RoomSettings.DefaultEmptyTimeoutMs - 1);
        bed.Refused(FailureCode.FailedPrecondition, new RoomCommand.CloseEmpty(new("r")));
        Assert.Empty(bed.State.EmptyTooLong(bed.Now));
        bed.Pass(1);
        Assert.Single(bed.State.EmptyTooLong(bed.Now));
        bed.Admit("r", "ann");
        bed.Refused(FailureCode.FailedPrecondition, new RoomCommand.CloseEmpty(new("r")));
        bed.Must(new ParticipantCommand.Remove(new("r"), new("ann"), ""));
        Assert.Empty(bed.State.EmptyTooLong(bed.Now));
        bed.Pass((long)RoomSettings.DefaultEmptyTimeoutMs);
        bed.Must(new RoomCommand.CloseEmpty(new("r")));
        Assert.Equal(CloseReason.Empty, bed.Get("r").CloseReason);
    });

    [Fact]
    public void A_room_kept_when_empty_never_closes_for_that()
    {
        var bed = new Bed();
        bed.Room("r", settings: RoomSettings.Default with { EmptyTimeoutMs = 0 });
        bed.Pass(1_000_000_000);
        Assert.Empty(bed.State.EmptyTooLong(bed.Now));
        bed.Refused(FailureCode.FailedPrecondition, new RoomCommand.CloseEmpty(new("r")));
    }

    [Fact]
    public void A_closed_room_is_remembered_for_an_hour_of_log_time()
    {
        var bed = new Bed();
        bed.Room("a");
        bed.Room("b");
        bed.Must(new RoomCommand.Close(new("a"), Epoch.None));
        bed.Must(new RoomCommand.Close(new("a"), Epoch.None)); // a repeat finds it
        bed.Pass(3_600_000);
        bed.Must(new RoomCommand.Close(new("b"), Epoch.None));
        Assert.Null(bed.State.FindRoom(new("a")));
        Assert.NotNull(bed.State.FindRoom(new("b")));
    }

    [Fact]
    public void A_failed_placement_is_recorded_once_for_each_wait()
    {
        var bed = new Bed();
        bed.Room("r");
        var none = bed.Choice("n1") with { Node = new("") };
        bed.Must(new RoomCommand.RecordPlacementFailure(new("r"), Epoch.None, none));
        bed.Must(new RoomCommand.RecordPlacementFailure(new("r"), Epoch.None, none));
        Assert.Equal(["RoomCreated", "PlacementFailed"], bed.EventNames());
    }

    [Theory]
    [InlineData("moved to itself")]
    [InlineData("unknown target")]
    [InlineData("no other node")]
    [InlineData("cordoned target")]
    [InlineData("other region")]
    public void A_move_that_cannot_end_well_is_refused_before_anything_is_revoked(string why)
    {
        var bed = new Bed();
        bed.Node("n1", region: "eu");
        bed.Room("r", "n1", RoomSettings.Default with { Region = "eu" });
        if (why == "cordoned target") { bed.Node("n2", region: "eu"); bed.Must(new NodeCommand.Cordon(new("n2"))); }
        if (why == "other region") bed.Node("n2", region: "us");
        var target = why switch { "moved to itself" => "n1", "unknown target" => "n9", "no other node" => "", _ => "n2" };
        var reply = bed.Do(new RoomCommand.Move(new("r"), new(target), Epoch.None));
        Assert.NotNull(reply.Failure);
        Assert.Equal(RoomStatus.Active, bed.Get("r").Status);
    }

    private static void WithRoom(Action<Bed> test)
    {
        var bed = new Bed();
        bed.Node("n1");
        bed.Room("r", "n1");
        test(bed);
    }
}
