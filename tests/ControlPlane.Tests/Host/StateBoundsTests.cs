using Google.Protobuf;
using Grpc.Core;
using VideoScale.V1;

namespace VideoScale.ControlPlane.Tests.HostTests;

/// <summary>
/// State has bounds in number and bytes: beyond them a call is refused with which bound and how much, and a repeat still gets its answer.
/// </summary>
public sealed class StateBoundsTests
{
    private static CreateRoomRequest Room(string name, int metadata = 0) => new()
    {
        RequestId = name,
        RoomId = name,
        Metadata = ByteString.CopyFrom(new byte[metadata]),
    };

    private static async Task<string> RefusalAsync(Func<Task> call)
    {
        var refusal = await Assert.ThrowsAsync<RpcException>(call);
        Assert.Equal(StatusCode.ResourceExhausted, refusal.StatusCode);
        return refusal.Status.Detail;
    }

    [Fact]
    public async Task Rooms_and_their_metadata_are_bounded_and_closed_rooms_make_room()
    {
        await using var replica = await FakeReplica.StartAsync(options => (options.MaxRooms, options.MaxMetadataMegabytes) = (24, 1));
        for (var i = 0; i < 16; i++) await replica.Rooms.CreateRoomAsync(Room($"large-{i}", 65_536));
        Assert.Contains("metadata: rooms hold 1048576 of at most 1048576 bytes",
            await RefusalAsync(async () => await replica.Rooms.CreateRoomAsync(Room("one-more", 1))), StringComparison.Ordinal);
        await replica.Rooms.CreateRoomAsync(Room("large-3", 65_536)); // a repeat is answered
        for (var i = 0; i < 8; i++) await replica.Rooms.CreateRoomAsync(Room($"small-{i}"));
        Assert.Contains("rooms: 24 of at most 24", await RefusalAsync(async () => await replica.Rooms.CreateRoomAsync(Room("too-many"))),
            StringComparison.Ordinal);
        await replica.Rooms.CreateRoomAsync(Room("small-7"));
        await replica.Rooms.CloseRoomAsync(new CloseRoomRequest { RequestId = "close", RoomId = "small-7" }); // what frees is never refused
        Assert.Equal(2, replica.App.Replica.Core.Bounds.Refused);
        Assert.Equal(16 * 65_536, replica.App.Replica.Core.Machine.Size.MetadataBytes);
        Assert.Equal(24, replica.App.Replica.Core.Machine.Size.Rooms);
    }

    [Fact]
    public async Task Rooms_count_however_they_come_and_so_does_metadata_that_grows()
    {
        await using var replica = await FakeReplica.StartAsync(options => (options.MaxRooms, options.MaxMetadataMegabytes) = (3, 1));
        OpenRoomRequest Open(string id, string name, int? metadata = null, bool changes = true) =>
            new() { RequestId = id, Name = name, ChangesExisting = changes, Patch = Patch(metadata) };
        UpdateRoomRequest Update(string id, int? metadata) => new() { RequestId = id, RoomId = "second", Patch = Patch(metadata) };

        await replica.Rooms.OpenRoomAsync(Open("a", "first", 512 * 1024));
        await replica.Rooms.OpenRoomAsync(Open("b", "second", 1024));
        await replica.Rooms.UpdateRoomAsync(Update("c", 512 * 1024)); // what it held before makes room: the bound is reached, not exceeded
        await RefusalAsync(async () => await replica.Rooms.CreateRoomAsync(Room("x", 1)));
        await replica.Rooms.OpenRoomAsync(Open("d", "third"));
        Assert.Contains("brings 1 more", await RefusalAsync(async () => await replica.Rooms.OpenRoomAsync(Open("e", "third", 1))),
            StringComparison.Ordinal);
        Assert.Contains("rooms: 3 of at most 3", await RefusalAsync(async () => await replica.Rooms.OpenRoomAsync(Open("f", "fourth"))),
            StringComparison.Ordinal);
        await replica.Rooms.OpenRoomAsync(Open("g", "third", 7, changes: false)); // a join to an open room
        await replica.Rooms.UpdateRoomAsync(Update("h", null));
        await replica.Rooms.UpdateRoomAsync(Update("i", 512 * 1024 - 8));
        await replica.Rooms.OpenRoomAsync(Open("j", "third", 8));
        await RefusalAsync(async () => await replica.Rooms.UpdateRoomAsync(Update("k", 512 * 1024 - 7)));
        await replica.Rooms.CloseRoomAsync(new CloseRoomRequest { RequestId = "l", RoomId = "first" });
        await replica.Rooms.OpenRoomAsync(Open("m", "first", 512 * 1024)); // a closed room under that name is counted already
        Assert.Equal((3, 1_048_576L), (replica.App.Replica.Core.Machine.Size.Rooms, replica.App.Replica.Core.Machine.Size.MetadataBytes));
    }

    private static RoomPatch Patch(int? metadata) =>
        metadata is { } bytes ? new() { Metadata = ByteString.CopyFrom(new byte[bytes]) } : new();

    [Fact]
    public async Task Answers_are_bounded_for_each_caller_and_a_repeat_is_still_answered()
    {
        await using var replica = await FakeReplica.StartAsync(options => options.MaxRequestResults = 1_000);
        for (var i = 0; i < 500; i++)
        {
            var refused = await Assert.ThrowsAsync<RpcException>(async () =>
                await replica.Rooms.CloseRoomAsync(new CloseRoomRequest { RequestId = $"r{i}", RoomId = "nowhere" }));
            Assert.Equal(StatusCode.NotFound, refused.StatusCode);
        }
        var why = await RefusalAsync(async () =>
            await replica.Rooms.CloseRoomAsync(new CloseRoomRequest { RequestId = "r500", RoomId = "nowhere" }));
        Assert.Contains("500 answers to", why, StringComparison.Ordinal);
        Assert.Contains("of at most 500 for one caller", why, StringComparison.Ordinal);
        var repeat = await Assert.ThrowsAsync<RpcException>(async () =>
            await replica.Rooms.CloseRoomAsync(new CloseRoomRequest { RequestId = "r7", RoomId = "nowhere" }));
        Assert.Equal(StatusCode.NotFound, repeat.StatusCode);
        var size = replica.App.Replica.Core.Machine.Size;
        Assert.Equal(500, size.Answers);
        Assert.InRange(size.AnswerBytes, 500 * 36, 500 * 200);
    }
}
