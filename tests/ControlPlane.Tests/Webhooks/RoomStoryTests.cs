using VideoScale.ControlPlane.Participants;
using VideoScale.ControlPlane.Rooms;
using VideoScale.ControlPlane.Tests.Core;
using VideoScale.ControlPlane.Webhooks;
using VideoScale.Harness;
using VideoScale.Model;

namespace VideoScale.ControlPlane.Tests.Webhooks;

/// <summary>What receivers are told, of what really happens in the log.</summary>
public sealed class RoomStoryTests
{
    private const string R = "standup";

    [Fact]
    public void A_call_from_its_room_to_its_end()
    {
        var bed = Called();
        bed.Report(R, "ann", joined: false);
        bed.Pass(5);
        bed.Must(new RoomCommand.Close(new(R), Epoch.None));
        Assert.Equal(
            ["RoomStarted 0", "ParticipantJoined ann 1", "ParticipantJoined bob 2", "ParticipantLeft ann 1", "ParticipantLeft bob 0",
                "RoomFinished 0"], Told(bed));
        var last = Notices(bed)[^2..];
        Assert.Equal([new MessageRef(last[0].Message.Seq, 0), new MessageRef(last[0].Message.Seq, 1)], last.Select(one => one.Message));
        Assert.Equal(Departure.RoomClosed, last[0].Departure);
    }

    [Fact]
    public void A_move_is_nobodys_leaving_and_nobodys_joining()
    {
        var bed = Called();
        var before = Told(bed);
        Move(bed, "n2");
        bed.Report(R, "ann");
        bed.Report(R, "bob");
        Assert.Equal(before, Told(bed));
        // Whoever does not come along has left once the seat is freed.
        Move(bed, "n1");
        bed.Report(R, "ann");
        bed.Pass(Seat.JoinWithinMs + 1);
        bed.Must(new ParticipantCommand.ExpireSeat(new(R), new("bob"), SeatId(bed, "bob")));
        Assert.Equal([.. before, "ParticipantLeft bob 1"], Told(bed));
    }

    [Fact]
    public void A_seat_that_nobody_took_is_an_aborted_connection()
    {
        var bed = Called();
        bed.Admit(R, "eve");
        bed.Pass(Seat.JoinWithinMs + 1);
        bed.Must(new ParticipantCommand.ExpireSeat(new(R), new("eve"), SeatId(bed, "eve")));
        bed.Admit(R, "dan");
        bed.Must(new ParticipantCommand.Remove(new(R), new("dan"), ""));
        Assert.Equal(["ParticipantConnectionAborted eve 2", "ParticipantConnectionAborted dan 2"], Told(bed)[^2..]);
    }

    [Fact]
    public void A_name_that_comes_back_is_another_room()
    {
        var bed = Called();
        bed.Must(new RoomCommand.Close(new(R), Epoch.None));
        bed.Must(new RoomCommand.Release(new(R), bed.Get(R).LastEpoch, new("n1"), 1));
        bed.Room(R, "n2");
        bed.Admit(R, "ann");
        bed.Report(R, "ann");
        Assert.Equal(["ParticipantLeft ann 1", "ParticipantLeft bob 0", "RoomFinished 0", "RoomStarted 0", "ParticipantJoined ann 1"],
            Told(bed)[^5..]);
        var rooms = Notices(bed).Where(one => one.Kind == NoticeKind.RoomStarted).Select(one => one.Room.CreatedAtMs).ToArray();
        Assert.True(rooms[0] <= rooms[1]);
    }

    [Fact]
    public void A_room_that_never_had_a_node_was_never_there()
    {
        var bed = new Bed();
        bed.Room(R);
        bed.Must(new RoomCommand.Close(new(R), Epoch.None));
        Assert.Empty(Told(bed));
    }

    [Fact]
    public void Tracks_come_and_go_with_their_session_and_the_same_told_twice_is_told_once()
    {
        var bed = Called();
        Session(bed, "ann", SessionReportKind.Described, "PA_1");
        Session(bed, "ann", SessionReportKind.TrackPublished, "TR_1");
        Session(bed, "ann", SessionReportKind.TrackPublished, "TR_1");
        Session(bed, "ann", SessionReportKind.TrackPublished, "TR_2");
        Session(bed, "ann", SessionReportKind.TrackUnpublished, "TR_1");
        Session(bed, "ann", SessionReportKind.TrackUnpublished, "TR_1");
        Session(bed, "ann", SessionReportKind.TrackUnpublished, "TR_9");
        bed.Report(R, "ann", joined: false);
        Assert.Equal(
            ["TrackPublished ann 2 TR_1", "TrackPublished ann 2 TR_2", "TrackUnpublished ann 2 TR_1", "TrackUnpublished ann 2 TR_2",
                "ParticipantLeft ann 1"], Told(bed)[3..]);
        Assert.Equal("PA_1", Notices(bed)[^1].Participant!.Sid);
    }

    [Fact]
    public void Another_session_in_the_seat_is_another_client_but_after_a_move_it_is_the_same_participant()
    {
        var bed = Called();
        Session(bed, "ann", SessionReportKind.Described, "PA_1");
        Session(bed, "ann", SessionReportKind.TrackPublished, "TR_1");
        Session(bed, "ann", SessionReportKind.Described, "PA_2");
        Assert.Equal(["TrackUnpublished ann 2 TR_1", "ParticipantLeft ann 1", "ParticipantJoined ann 2"], Told(bed)[^3..]);
        Assert.Equal(["PA_1", "PA_2"], Notices(bed)[^2..].Select(one => one.Participant!.Sid));
        var before = Told(bed);
        Move(bed, "n2");
        bed.Report(R, "ann");
        Session(bed, "ann", SessionReportKind.Described, "PA_3");
        Assert.Equal(before, Told(bed));
        Assert.Equal("PA_3", Notices(bed, then: bed => bed.Report(R, "ann", joined: false))[^1].Participant!.Sid);
    }

    [Fact]
    public void Nobody_leaves_who_did_not_join_and_counts_are_never_below_nought() => Seeds.Run(150, random =>
    {
        var (bed, world) = (new Bed(), new RandomWorld(random));
        for (var i = 0; i < 500; i++)
        {
            bed.Do(world.Next(bed));
            bed.Pass(random.Next(5_000));
        }
        foreach (var room in bed.Events.Select(e => e.Event.Stream).Where(stream => stream.StartsWith("room-", StringComparison.Ordinal))
            .Distinct())
        {
            var present = new HashSet<ParticipantIdentity>();
            var isOpen = false;
            foreach (var notice in Notices(bed, room["room-".Length..]))
            {
                switch (notice.Kind)
                {
                    case NoticeKind.RoomStarted: Assert.False(isOpen); isOpen = true; break;
                    case NoticeKind.RoomFinished: Assert.True(isOpen && present.Count == 0); isOpen = false; break;
                    case NoticeKind.ParticipantJoined: Assert.True(isOpen && present.Add(notice.Participant!.Identity)); break;
                    case NoticeKind.ParticipantLeft: Assert.True(present.Remove(notice.Participant!.Identity)); break;
                }
                Assert.Equal((uint)present.Count, notice.Room.Participants);
            }
        }
    });

    private static Bed Called()
    {
        var bed = new Bed();
        bed.Node("n1");
        bed.Node("n2");
        bed.Room(R, "n1");
        foreach (var who in (string[])["ann", "bob"])
        {
            bed.Admit(R, who);
            bed.Report(R, who);
        }
        return bed;
    }

    private static void Move(Bed bed, string to)
    {
        var epoch = bed.Get(R).LastEpoch;
        var from = bed.Get(R).LastNode;
        bed.Must(new RoomCommand.Revoke(new(R), epoch, RevokeReason.Move, new(to)));
        bed.Must(new RoomCommand.Release(new(R), epoch, from, 1));
        bed.Assign(R, to);
    }

    private static ulong SeatId(Bed bed, string who) => bed.State.FindRoom(new(R))!.Seats.TryGet(new(who), out var seat) ? seat.SeatId : 0;

    private static void Session(Bed bed, string who, SessionReportKind kind, string sid)
    {
        var reply = bed.Must(new ParticipantCommand.ReportSessions(bed.Get(R).LastNode, 1,
            [new(new(R), bed.Get(R).LastEpoch, new(who), SeatId(bed, who), kind, sid, default)]));
        Assert.Equal(1u, reply.Outcome.Accepted);
    }

    private static List<Notice> Notices(Bed bed, string room = R, Action<Bed>? then = null)
    {
        then?.Invoke(bed);
        var story = new RoomStory(new(room));
        return [.. bed.Events.Where(e => e.Event.Stream == "room-" + room)
            .SelectMany(e => story.Tell(e.Event, e.Context.Seq, e.Context.Time))];
    }

    private static string[] Told(Bed bed) =>
        [.. Notices(bed).Select(one => string.Join(' ', ((string?[])[$"{one.Kind}", one.Participant?.Identity.Value,
            $"{one.Room.Participants}", one.Track?.Sid]).OfType<string>()))];
}
