using Grpc.Core;
using VideoScale.Consensus.InMemory;
using VideoScale.V1;

namespace VideoScale.ControlPlane.Tests.HostTests;

/// <summary>A seat in a room that may have to be made: both in one entry of the log, once.</summary>
public sealed class OpeningAdmissionTests
{
    private static AdmitParticipantRequest Request(string id, string name = "standup", string identity = "ann") =>
        new() { RequestId = id, RoomId = Model.RoomName.IdOf(name).Value, Identity = identity, OpenRoom = new RoomToOpen { Name = name } };

    [Theory]
    [InlineData(null)]
    [InlineData(ProposalFault.UnknownButCommitted)]
    [InlineData(ProposalFault.UnknownAndLost)]
    public async Task Room_node_and_seat_are_one_entry_and_a_repeat_gets_the_same_answer(ProposalFault? fault)
    {
        await using var replica = await FakeReplica.StartAsync(options => options.MaxCommandsPerEntry = 1);
        await using var agent = await ScriptedAgent.AttachAsync(replica.Channel, ScriptedAgent.Hello("media-1", 1));
        if (fault is { } injected) replica.Log.Inject(injected);
        var first = await replica.Rooms.AdmitParticipantAsync(Request("one", "Team call / Ünal"));
        Assert.Equal("media-1", first.NodeId);
        Assert.Equal(first, await replica.Rooms.AdmitParticipantAsync(Request("one", "Team call / Ünal")));
        var events = await MutationTests.EventsAsync(replica);
        var caused = events.Where(e => e.CorrelationId == "one").ToList();
        Assert.Equal(["RoomCreated", "RoomUpdated", "PlacementDecided", "RoomPlaced", "ParticipantAdmitted"], caused.Select(e => e.Type));
        Assert.Single(caused.Select(e => e.RaftIndex).Distinct());
        // An open room stays as it is, and another seat in it is its own.
        var other = await replica.Rooms.AdmitParticipantAsync(Request("two", "Team call / Ünal", "bob"));
        Assert.Equal(first.Epoch, other.Epoch);
        Assert.NotEqual(first.Participant.SeatId, other.Participant.SeatId);
    }

    [Fact]
    public async Task A_room_that_no_node_takes_is_made_with_the_seat_and_placed_later()
    {
        await using var replica = await FakeReplica.StartAsync();
        var seated = await replica.Rooms.AdmitParticipantAsync(Request("one"));
        Assert.Equal(("", "ann"), (seated.NodeId, seated.Participant.Identity));
        await using var agent = (await ScriptedAgent.AttachAsync(replica.Channel, ScriptedAgent.Hello("media-1", 1))).KeepBeating();
        await Eventually.HoldsAsync(async () => (await replica.Rooms.GetRoomAsync(new GetRoomRequest { RoomId = "standup" }))
            .Room.NodeId == "media-1", "it is placed");
    }

    [Fact]
    public async Task What_cannot_be_made_gives_no_seat_and_is_refused_for_what_it_is()
    {
        await using var replica = await FakeReplica.StartAsync(options => options.MaxRooms = 1);
        var mismatched = Request("zero");
        mismatched.RoomId = "other";
        Assert.StartsWith("room_id:", await WhyAsync(mismatched, StatusCode.InvalidArgument), StringComparison.Ordinal);
        await replica.Rooms.AdmitParticipantAsync(Request("one"));
        Assert.StartsWith("rooms:", await WhyAsync(Request("two", "second"), StatusCode.ResourceExhausted), StringComparison.Ordinal);
        await replica.Rooms.AdmitParticipantAsync(Request("three", identity: "bob")); // that room is there
        var odd = Request("four", identity: "carol");
        odd.OpenRoom.Patch = new RoomPatch { Metadata = Google.Protobuf.ByteString.CopyFrom(new byte[524_289]) };
        Assert.StartsWith("open_room.patch.metadata:", await WhyAsync(odd, StatusCode.InvalidArgument), StringComparison.Ordinal);
        var seats = (await replica.Rooms.ListParticipantsAsync(new ListParticipantsRequest { RoomId = "standup" })).Participants;
        Assert.Equal(["ann", "bob"], seats.Select(seat => seat.Identity));
        Assert.Single((await replica.Rooms.ListRoomsAsync(new ListRoomsRequest())).Rooms);

        async Task<string> WhyAsync(AdmitParticipantRequest request, StatusCode code)
        {
            var refused = await Assert.ThrowsAsync<RpcException>(async () => await replica.Rooms.AdmitParticipantAsync(request));
            Assert.Equal(code, refused.StatusCode);
            return refused.Status.Detail;
        }
    }
}
