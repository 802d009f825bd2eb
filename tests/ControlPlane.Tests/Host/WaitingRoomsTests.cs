using Grpc.Core;
using VideoScale.V1;
using VideoScale.Wire;

namespace VideoScale.ControlPlane.Tests.HostTests;

/// <summary>A full fleet: so many rooms wait, in their order; what comes beyond is refused at once and told when to ask again.</summary>
public sealed class WaitingRoomsTests
{
    private static CreateRoomRequest Room(string name) => new() { RequestId = name, RoomId = name };

    private static OpenRoomRequest Open(string name, string request) => new() { RequestId = request, Name = name };

    /// <summary>For one room.</summary>
    private static AgentHello Small(string node)
    {
        var hello = ScriptedAgent.Hello(node, 1);
        hello.Capacity.Publishers = 6;
        return hello;
    }

    private static async Task<RpcException> RefusedAsync(Func<Task> call, StatusCode code = StatusCode.ResourceExhausted)
    {
        var refusal = await Assert.ThrowsAsync<RpcException>(call);
        Assert.Equal(code, refusal.StatusCode);
        return refusal;
    }

    [Fact]
    public async Task So_many_wait_in_their_order_and_one_more_is_refused_with_the_reason_and_when_to_ask_again()
    {
        await using var replica = await FakeReplica.StartAsync(options => options.MaxWaitingRooms = 2);
        await using var agent = (await ScriptedAgent.AttachAsync(replica.Channel, Small("media-1"))).KeepBeating();
        var placed = await replica.Rooms.CreateRoomAsync(Room("placed"));
        Assert.Equal(("media-1", null), (placed.NodeId, placed.Wait));
        Assert.Equal((1u, 1u), PlaceOf((await replica.Rooms.CreateRoomAsync(Room("first"))).Wait));
        Assert.Equal((2u, 2u), PlaceOf((await replica.Rooms.OpenRoomAsync(Open("second", "second"))).Wait));
        Assert.Equal((1u, 2u), PlaceOf((await replica.Rooms.GetRoomAsync(new GetRoomRequest { RoomId = "first" })).Wait));

        var refused = await RefusedAsync(async () => await replica.Rooms.CreateRoomAsync(Room("third")));
        Assert.Equal("the fleet is full: 2 rooms wait for a node already, of at most 2 (MaxWaitingRooms); "
            + "node media-1 publishers: 4 of 5 in use, 4 more needed, 3 too much; ask again in 15 s", refused.Status.Detail);
        Assert.Equal(TimeSpan.FromSeconds(15), refused.RetryAfter());
        await RefusedAsync(async () => await replica.Rooms.OpenRoomAsync(Open("third", "opened")));
        await RefusedAsync(async () => await replica.Rooms.AdmitParticipantAsync(Seat("third", "ann")));

        // What makes no room more is not refused: repeats, and what is about rooms that are there.
        Assert.Equal((1u, 2u), PlaceOf((await replica.Rooms.CreateRoomAsync(Room("first"))).Wait));
        await RefusedAsync(async () => await replica.Rooms.CreateRoomAsync(new() { RequestId = "again", RoomId = "first" }),
            StatusCode.AlreadyExists);
        Assert.Equal("media-1", (await replica.Rooms.AdmitParticipantAsync(Seat("placed", "ann"))).NodeId);
        Assert.Equal((2u, 2u), PlaceOf((await replica.Rooms.AdmitParticipantAsync(Seat("second", "ann"))).Wait));

        Assert.Equal(2, replica.App.Replica.Core.Queue.Waiting);
        await Eventually.HoldsAsync(async () => (await MutationTests.EventsAsync(replica)).Any(e => e.Type == "CommandRejected"),
            "the refusal is on record");

        // A node comes: the longest waiting gets it, and what was refused may wait now, under the same request.
        await using var more = (await ScriptedAgent.AttachAsync(replica.Channel, Small("media-2"))).KeepBeating();
        await Eventually.HoldsAsync(async () => (await replica.Rooms.GetRoomAsync(new GetRoomRequest { RoomId = "first" }))
            .Room.NodeId == "media-2", "the first is served");
        Assert.Equal((2u, 2u), PlaceOf((await replica.Rooms.CreateRoomAsync(Room("third"))).Wait));
    }

    [Fact]
    public async Task A_burst_does_not_pass_the_limit()
    {
        await using var replica = await FakeReplica.StartAsync(options => options.MaxWaitingRooms = 5);
        await using var agent = (await ScriptedAgent.AttachAsync(replica.Channel, Small("media-1"))).KeepBeating();
        var outcomes = await Task.WhenAll(Enumerable.Range(0, 200).Select(async i =>
        {
            try { return (await replica.Rooms.CreateRoomAsync(Room($"room-{i}"))).Status; }
            catch (RpcException e) when (e.StatusCode == StatusCode.ResourceExhausted) { return RoomStatus.Closed; }
        }));
        Assert.Equal((1, 5, 194), (outcomes.Count(s => s == RoomStatus.Active), outcomes.Count(s => s == RoomStatus.Unplaced),
            outcomes.Count(s => s == RoomStatus.Closed)));
        Assert.Equal(5, replica.App.Replica.Core.Queue.Waiting);
    }

    [Fact]
    public async Task Before_there_is_a_fleet_every_room_waits()
    {
        await using var replica = await FakeReplica.StartAsync(options => options.MaxWaitingRooms = 0);
        var early = await replica.Rooms.CreateRoomAsync(Room("early"));
        Assert.Equal((RoomStatus.Unplaced, null), (early.Status, early.Wait)); // nobody knows for how long
        await using var agent = (await ScriptedAgent.AttachAsync(replica.Channel, Small("media-1"))).KeepBeating();
        await Eventually.HoldsAsync(async () => (await replica.Rooms.GetRoomAsync(new GetRoomRequest { RoomId = "early" }))
            .Room.NodeId == "media-1", "it is placed");
        await RefusedAsync(async () => await replica.Rooms.CreateRoomAsync(Room("late")));
    }

    private static AdmitParticipantRequest Seat(string room, string identity) => new()
    {
        RequestId = $"{identity}.{room}",
        RoomId = room,
        Identity = identity,
        OpenRoom = new RoomToOpen { Name = room },
    };

    private static (uint, uint) PlaceOf(RoomWait? wait)
    {
        Assert.NotNull(wait);
        Assert.InRange(wait.RetryAfterMs, 1_000u, 300_000u);
        return (wait.Position, wait.Total);
    }
}
