using VideoScale.ControlPlane.Events;
using VideoScale.ControlPlane.Participants;
using VideoScale.ControlPlane.Placement;
using VideoScale.ControlPlane.Rooms;
using VideoScale.Model;

namespace VideoScale.ControlPlane.Tests.Core;

public sealed class SeatTests
{
    [Fact]
    public void Max_participants_refuses_and_the_denial_is_recorded()
    {
        var bed = WithRoom(RoomSettings.Default with { MaxParticipants = 2 });
        bed.Admit("r", "a");
        bed.Admit("r", "b", ParticipantRole.Subscriber);
        var message = bed.Refused(FailureCode.ResourceExhausted, Admit("c", ParticipantRole.Subscriber));
        Assert.Equal("room r: max_participants 2 reached, 2 in use, 1 more needed, 1 too many", message);
        var denied = Assert.IsType<ParticipantEvent.AdmissionDenied>(bed.Events[^1].Event);
        Assert.Equal(AdmissionCap.RoomParticipants, denied.Cap);
        Assert.Equal(2u, bed.State.FindRoom(new("r"))!.Participants);
    }

    [Fact]
    public void Max_publishers_refuses_a_publisher_and_lets_a_subscriber_in()
    {
        var bed = WithRoom(RoomSettings.Default with { MaxPublishers = 1 });
        bed.Admit("r", "a");
        Assert.Equal("room r: max_publishers 1 reached, 1 in use, 1 more needed, 1 too many",
            bed.Refused(FailureCode.ResourceExhausted, Admit("b")));
        bed.Admit("r", "b", ParticipantRole.Subscriber);
        Assert.Contains("max_publishers", bed.Refused(FailureCode.ResourceExhausted,
            new ParticipantCommand.SetRole(new("r"), new("b"), ParticipantRole.Publisher)), StringComparison.Ordinal);
    }

    [Fact]
    public void The_owners_publisher_cap_refuses_over_all_its_rooms()
    {
        var bed = new Bed();
        bed.Node("n1", publishers: 2);
        bed.Room("r", "n1");
        bed.Room("q", "n1");
        bed.Admit("r", "a");
        bed.Admit("q", "b");
        Assert.Equal("node n1: capacity.publishers 2 reached, 2 in use, 1 more needed, 1 too many",
            bed.Refused(FailureCode.ResourceExhausted, Admit("c")));
        bed.Admit("r", "c", ParticipantRole.Subscriber);
        Assert.Contains("capacity.publishers", bed.Refused(FailureCode.ResourceExhausted,
            new ParticipantCommand.SetRole(new("r"), new("c"), ParticipantRole.Publisher)), StringComparison.Ordinal);
    }

    [Fact]
    public void The_owners_subscriber_cap_refuses()
    {
        var bed = new Bed();
        bed.Node("n1", subscribers: 1);
        bed.Room("r", "n1");
        bed.Admit("r", "a", ParticipantRole.Subscriber);
        Assert.Equal("node n1: capacity.subscribers 1 reached, 1 in use, 1 more needed, 1 too many",
            bed.Refused(FailureCode.ResourceExhausted, Admit("b", ParticipantRole.Subscriber)));
    }

    [Fact]
    public void The_owners_bitrate_cap_refuses()
    {
        var one = RoomCost.Of(1, 1).BitrateKbps;
        var two = RoomCost.Of(2, 2).BitrateKbps;
        var bed = new Bed();
        bed.Node("n1", bitrateKbps: two - 1);
        bed.Room("r", "n1");
        bed.Admit("r", "a");
        Assert.Equal($"node n1: capacity.bitrate_kbps {two - 1} reached, {one} in use, {two - one} more needed, 1 too many",
            bed.Refused(FailureCode.ResourceExhausted, Admit("b")));
    }

    [Fact]
    public void Seats_within_a_reservation_cost_nothing_more_and_beyond_it_they_do()
    {
        var bed = new Bed();
        bed.Node("n1", publishers: 3);
        bed.Room("r", "n1", need: new(2, 2, 0));
        bed.Room("q", "n1", need: new(1, 1, 0));
        bed.Admit("r", "a");
        bed.Admit("r", "b");
        Assert.Equal(3u, bed.GetNode("n1").Charged.Publishers);
        Assert.Contains("3 in use", bed.Refused(FailureCode.ResourceExhausted, Admit("c")), StringComparison.Ordinal);
    }

    [Fact]
    public void A_repeat_by_the_same_identity_returns_the_same_seat_and_records_nothing()
    {
        var bed = WithRoom();
        var first = bed.Admit("r", "a");
        var events = bed.Events.Count;
        Assert.Equal(first, bed.Admit("r", "a"));
        Assert.Equal(events, bed.Events.Count);
        Assert.Equal(bed.Events[^1].Context.Seq, first.SeatId);
        Assert.Contains("as Publisher", bed.Refused(FailureCode.FailedPrecondition, Admit("a", ParticipantRole.Subscriber)),
            StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("room_id", "a b", "x", 1)]
    [InlineData("identity", "r", "x y", 1)]
    [InlineData("role", "r", "x", 3)]
    public void A_bad_field_is_refused_with_field_value_and_rule(string field, string room, string identity, byte role)
    {
        var message = WithRoom()
            .Refused(FailureCode.InvalidArgument, new ParticipantCommand.Admit(new(room), new(identity), (ParticipantRole)role));
        Assert.StartsWith(field + ":", message, StringComparison.Ordinal);
        Assert.Contains("breaks the rule", message, StringComparison.Ordinal);
    }

    [Fact]
    public void Joined_and_left_need_the_current_epoch_and_the_seat()
    {
        var bed = WithRoom();
        var seat = bed.Admit("r", "a");
        var epoch = bed.Get("r").LastEpoch;
        Assert.Equal(1u, bed.Report("r", "a", epoch: new(epoch.Value + 1)).Outcome.Refused);
        Assert.Equal(1u, bed.Report("r", "a", seatId: seat.SeatId + 1).Outcome.Refused);
        Assert.Equal(1u, bed.Report("r", "a").Outcome.Accepted);
        Assert.Equal(SeatStatus.Joined, StatusOf(bed, "a"));
        var events = bed.Events.Count;
        Assert.Equal(1u, bed.Report("r", "a").Outcome.Accepted); // a repeat
        Assert.Equal(events, bed.Events.Count);
        Assert.Equal(1u, bed.Report("r", "a", joined: false).Outcome.Accepted);
        Assert.Equal(0ul, bed.State.SeatCount);
    }

    [Fact]
    public void One_batch_may_join_and_leave_and_refuses_what_comes_after()
    {
        var bed = WithRoom();
        var seat = bed.Admit("r", "a");
        var epoch = bed.Get("r").LastEpoch;
        PresenceReport Say(bool joined) => new(new("r"), epoch, new("a"), seat.SeatId, joined);
        var reply =
            bed.Must(new ParticipantCommand.ReportPresence(new("n1"), 1, [Say(true), Say(true), Say(false), Say(true), Say(false)]));
        Assert.Equal((3u, 2u), (reply.Outcome.Accepted, reply.Outcome.Refused));
        Assert.Equal(["ParticipantJoined", "ParticipantLeft"], bed.EventNames(bed.Events.Count - 2));
    }

    [Fact]
    public void A_node_that_does_not_own_the_room_has_no_say()
    {
        var bed = WithRoom();
        bed.Node("n2");
        var seat = bed.Admit("r", "a");
        var report = new PresenceReport(new("r"), bed.Get("r").LastEpoch, new("a"), seat.SeatId, true);
        Assert.Equal(1u, bed.Must(new ParticipantCommand.ReportPresence(new("n2"), 1, [report])).Outcome.Refused);
        bed.Refused(FailureCode.FailedPrecondition, new ParticipantCommand.ReportPresence(new("n1"), 2, [report]));
    }

    [Fact]
    public void A_seat_nobody_took_is_freed_after_30_s_and_not_before()
    {
        var bed = WithRoom();
        var seat = bed.Admit("r", "a");
        bed.Pass(Seat.JoinWithinMs - 1);
        Assert.Empty(bed.State.SeatsNotTaken(bed.Now));
        bed.Refused(FailureCode.FailedPrecondition, new ParticipantCommand.ExpireSeat(new("r"), new("a"), seat.SeatId));
        bed.Pass(1);
        Assert.Equal("a", Assert.Single(bed.State.SeatsNotTaken(bed.Now)).Seat.Identity.Value);
        bed.Refused(FailureCode.FailedPrecondition, new ParticipantCommand.ExpireSeat(new("r"), new("a"), seat.SeatId + 1));
        bed.Must(new ParticipantCommand.ExpireSeat(new("r"), new("a"), seat.SeatId));
        Assert.Equal(0ul, bed.State.SeatCount);
    }

    [Fact]
    public void A_joined_seat_does_not_expire()
    {
        var bed = WithRoom();
        var seat = bed.Admit("r", "a");
        bed.Report("r", "a");
        bed.Pass(10 * Seat.JoinWithinMs);
        Assert.Empty(bed.State.SeatsNotTaken(bed.Now));
        bed.Refused(FailureCode.FailedPrecondition, new ParticipantCommand.ExpireSeat(new("r"), new("a"), seat.SeatId));
    }

    [Fact]
    public void Seats_survive_a_move_and_get_a_fresh_deadline_under_the_new_owner()
    {
        var bed = WithRoom();
        bed.Node("n2");
        var seat = bed.Admit("r", "a");
        bed.Report("r", "a");
        var old = bed.Get("r").LastEpoch;
        bed.Must(new RoomCommand.Move(new("r"), new("n2"), Epoch.None));
        Assert.Equal(SeatStatus.Joined, StatusOf(bed, "a")); // until the owner lets go
        bed.Must(new RoomCommand.Release(new("r"), old, new("n1"), 1));
        bed.Pass(10 * Seat.JoinWithinMs);
        Assert.Empty(bed.State.SeatsNotTaken(bed.Now)); // nobody could have let them in
        bed.Assign("r", "n2");
        Assert.Equal(SeatStatus.Admitted, StatusOf(bed, "a"));
        Assert.Equal(1u, bed.Report("r", "a", epoch: old).Outcome.Refused);
        Assert.Equal(seat.SeatId, bed.Admit("r", "a").SeatId);
        bed.Pass(Seat.JoinWithinMs);
        Assert.Single(bed.State.SeatsNotTaken(bed.Now));
        bed.Report("r", "a");
        Assert.Empty(bed.State.SeatsNotTaken(bed.Now));
    }

    [Fact]
    public void Seats_in_an_unplaced_room_count_when_it_is_placed()
    {
        var bed = new Bed();
        bed.Node("n1", publishers: 1);
        bed.Room("r");
        bed.Admit("r", "a");
        bed.Admit("r", "b");
        Assert.Contains("capacity.publishers 1 reached", bed.Refused(FailureCode.ResourceExhausted,
            new RoomCommand.Assign(new("r"), Epoch.None, bed.Choice("n1"))), StringComparison.Ordinal);
    }

    [Fact]
    public void Removing_needs_a_seat_and_a_short_reason()
    {
        var bed = WithRoom();
        Assert.Equal("a seat of a in room r does not exist",
            bed.Refused(FailureCode.NotFound, new ParticipantCommand.Remove(new("r"), new("a"), "")));
        bed.Admit("r", "a");
        Assert.StartsWith("reason: 257", bed.Refused(FailureCode.InvalidArgument,
            new ParticipantCommand.Remove(new("r"), new("a"), new string('x', 257))), StringComparison.Ordinal);
        bed.Must(new ParticipantCommand.Remove(new("r"), new("a"), "asked to"));
        Assert.Equal(EventType.ParticipantRemoved, bed.Events[^1].Event.Type);
    }

    private static ParticipantCommand.Admit Admit(string identity, ParticipantRole role = ParticipantRole.Publisher) =>
        new(new("r"), new(identity), role);

    private static SeatStatus StatusOf(Bed bed, string identity)
    {
        var room = bed.State.FindRoom(new("r"))!;
        Assert.True(room.Seats.TryGet(new(identity), out var seat));
        return room.Record.StatusOf(seat);
    }

    private static Bed WithRoom(RoomSettings? settings = null)
    {
        var bed = new Bed();
        bed.Node("n1");
        bed.Room("r", "n1", settings);
        return bed;
    }
}
