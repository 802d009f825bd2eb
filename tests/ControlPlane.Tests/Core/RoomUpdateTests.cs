using System.Text;
using VideoScale.ControlPlane.Canonical;
using VideoScale.ControlPlane.Events;
using VideoScale.ControlPlane.Fields;
using VideoScale.ControlPlane.Participants;
using VideoScale.ControlPlane.Rooms;
using VideoScale.Harness;
using VideoScale.Model;

namespace VideoScale.ControlPlane.Tests.Core;

/// <summary>Rooms of any name, made and changed as LiveKit's API does, and when they are closed for being empty.</summary>
public sealed class RoomUpdateTests
{
    private static RoomCommand.Open Open(string name, RoomPatch? patch = null, bool changes = true) =>
        new(RoomName.IdOf(name), name, patch ?? RoomPatch.Nothing, changes);
    private static byte[] Text(string text) => Encoding.UTF8.GetBytes(text);

    [Fact]
    public void A_room_is_opened_under_any_name_changed_part_by_part_and_survives_a_snapshot()
    {
        var bed = new Bed();
        bed.Node("n1");
        var id = RoomName.IdOf("my room/ä");
        var open = Open("my room/ä", new(null, null, 9, Text("first"))) with { Placement = bed.Choice("n1"), PlacementTerm = 1 };
        var reply = bed.Must(open);
        Assert.Equal((id, RoomStatus.Active), (reply.Outcome.Room, reply.Outcome.Status));
        Assert.Equal(["RoomCreated", "RoomUpdated", "PlacementDecided", "RoomPlaced"], bed.EventNames(1));
        Assert.Contains("\"my room/ä\"", bed.Events[2].Event.Words, StringComparison.Ordinal);
        Assert.Equal(bed.Events[2].Context.Ref, bed.Events[3].Cause); // whoever asks why learns the name
        Assert.Equal(bed.Events[1].Context.Ref, bed.Events[2].Cause);
        Assert.Equal("my room/ä", bed.Get(id.Value).ShownName);

        Assert.Equal(0UL, bed.Must(open).EventSeq); // the same again changes nothing
        // nor does who only wants it to be there
        Assert.Equal(0UL, bed.Must(Open("my room/ä", new(1, 2, 3, Text("x")), changes: false)).EventSeq);
        bed.Must(Open("my room/ä", new(77_000, null, null, null)));
        bed.Must(new RoomCommand.Update(id, new(null, 5_000, null, Array.Empty<byte>())));
        var record = bed.Get(id.Value);
        Assert.Equal((77_000UL, 9u, 0, 5_000UL), (record.Settings.EmptyTimeoutMs, record.Settings.MaxParticipants,
            record.Settings.Metadata.Length, record.Details!.DepartureTimeoutMs));
        Assert.Equal(bed.State.LastEventSeq, record.Details.UpdatedSeq);
        Assert.Equal(bed.State.StateHash(), Bed.Restored(bed.State).StateHash());
        Assert.Equal(bed.State.StateHash(), Bed.Fold(bed.Events).StateHash());
        Assert.Equal(record, Bed.Restored(bed.State).FindRoom(id)!.Record);
    }

    [Fact]
    public void What_is_not_open_is_not_updated_and_a_wrong_id_or_name_is_refused()
    {
        var bed = new Bed();
        bed.Refused(FailureCode.NotFound, new RoomCommand.Update(new("r"), RoomPatch.Nothing));
        bed.Must(Open("r", new(null, null, null, Text("old"))));
        bed.Must(new RoomCommand.Close(new("r"), Epoch.None));
        bed.Refused(FailureCode.NotFound, new RoomCommand.Update(new("r"), new(null, null, 1, null)));
        bed.Must(Open("r"));
        Assert.Equal(0, bed.Get("r").Settings.Metadata.Length); // a new life knows nothing of the one before
        bed.Refused(FailureCode.InvalidArgument, new RoomCommand.Open(new("other"), "r", RoomPatch.Nothing, true));
        bed.Refused(FailureCode.InvalidArgument, new RoomCommand.Open(RoomName.IdOf(""), "", RoomPatch.Nothing, true));
        bed.Refused(FailureCode.InvalidArgument, Open(new string('ä', 129)));
        bed.Refused(FailureCode.InvalidArgument,
            new RoomCommand.Update(new("r"), new(null, null, null, new byte[RoomDetails.MaxMetadataBytes + 1])));
        bed.Refused(FailureCode.InvalidArgument, new RoomCommand.Update(new("r"), new(RoomDetails.MaxTimeoutMs + 1, null, null, null)));
    }

    [Fact]
    public void It_is_closed_after_one_time_when_nobody_came_and_after_another_when_the_last_one_left()
    {
        var bed = new Bed();
        bed.Node("n1");
        bed.Must(Open("r", new(60_000, 5_000, null, null)) with { Placement = bed.Choice("n1"), PlacementTerm = 1 });
        var seat = bed.Admit("r", "nobody");
        bed.Pass(Seat.JoinWithinMs);
        bed.Must(new ParticipantCommand.ExpireSeat(new("r"), new("nobody"), seat.SeatId));
        bed.Pass(59_999);
        bed.Refused(FailureCode.FailedPrecondition, new RoomCommand.CloseEmpty(new("r"))); // a seat that nobody took is no visit
        bed.Admit("r", "ann");
        bed.Report("r", "ann");
        bed.Report("r", "ann", joined: false);
        bed.Pass(4_999);
        bed.Refused(FailureCode.FailedPrecondition, new RoomCommand.CloseEmpty(new("r")));
        Assert.Empty(bed.State.EmptyTooLong(bed.Now));
        bed.Pass(1);
        Assert.Single(bed.State.EmptyTooLong(bed.Now));
        bed.Must(new RoomCommand.CloseEmpty(new("r")));
        Assert.Equal(RoomDetails.DefaultDepartureTimeoutMs, Opened(bed).Details!.DepartureTimeoutMs);
        bed.Must(new RoomCommand.Update(new("q"), new(RoomDetails.MaxTimeoutMs, null, null, null)));
        // the longest wait there is, and no overflow
        Assert.Equal(bed.Now.UnixMs + (long)RoomDetails.MaxTimeoutMs, bed.Get("q").CloseDueMs);

        static RoomRecord Opened(Bed bed)
        {
            bed.Must(Open("q"));
            return bed.Get("q");
        }
    }

    [Fact]
    public void A_room_without_details_is_written_and_hashed_as_before_there_were_any()
    {
        // Written by the program before: a room "old" of default settings, unplaced, created by event 1.
        using var writer = new CanonicalWriter();
        var record = new RoomRecord(new("old"), RoomPhase.Open, RoomSettings.Default, 1, 1_700_000_000_000, null, Epoch.None, new(""),
            new(1, 1, 0), Placement.PlacementReason.Created, new(""), EventRef.None, false, 1_700_000_000_000, 0, CloseReason.None);
        record.Describe(new CanonicalFieldSink(writer));
        writer.WriteCount(0);
        const string Before = "036F6C640100000000E0A712000180A0ABFEF962000001010001000000000080A0ABFEF96200000000";
        Assert.Equal(Before, Convert.ToHexString(writer.WrittenSpan));
        var bed = new Bed();
        bed.Room("old");
        Assert.Contains(Before, Convert.ToHexString(Bed.SnapshotOf(bed.State)), StringComparison.Ordinal);
        bed.Must(new RoomCommand.Update(new("old"), new(null, null, null, Text("new"))));
        Assert.Equal(0UL, bed.Get("old").Details!.DepartureTimeoutMs); // what its maker asked for still holds
    }

    [Theory]
    [InlineData("standup", "standup")]
    [InlineData("_xroom", "_xroom")]
    [InlineData("my room", null)]
    [InlineData("täst", null)]
    [InlineData("a/b", null)]
    [InlineData("room:123", null)]
    [InlineData("!id:example.com", null)]
    [InlineData("Zm9v+/==", null)]
    [InlineData(" leading and trailing ", null)]
    [InlineData("🎥", null)]
    [InlineData(".hidden", null)]
    public void An_id_is_the_name_where_it_can_be(string name, string? id)
    {
        var derived = RoomName.IdOf(name);
        Assert.Equal(id is null, DerivedName.HasForm(derived.Value));
        if (id is not null) Assert.Equal(id, derived.Value);
        Assert.True(NameRule.Accepts(derived.Value));
        Assert.Null(RoomName.Check("name", name));
        Assert.Equal(derived, RoomName.Find(name));
        Assert.Equal(derived, RoomName.Find(derived.Value));
        // a name that looks like the id of another is no way to that one
        Assert.NotEqual(derived, RoomName.IdOf(derived.Value + (id is null ? "" : "x")));
    }

    [Fact]
    public void Two_names_never_share_an_id_and_every_id_is_a_name() => Seeds.Run(2_000, random =>
    {
        const string Alphabet = "ab._-/ :+=ä\u0000🎥";
        string Some() => new([.. Enumerable.Range(0, random.Next(1, 6)).Select(_ => Alphabet[random.Next(Alphabet.Length - 2)])]);
        var (one, other) = (Some(), Some());
        Assert.True(NameRule.Accepts(RoomName.IdOf(one).Value));
        Assert.Equal(string.Equals(one, other, StringComparison.Ordinal), RoomName.IdOf(one) == RoomName.IdOf(other));
        Assert.DoesNotContain(RoomName.Shown(one), char.IsControl);
    });
}
