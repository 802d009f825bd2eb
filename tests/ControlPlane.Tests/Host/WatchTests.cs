using Grpc.Core;
using VideoScale.V1;

namespace VideoScale.ControlPlane.Tests.HostTests;

public sealed class WatchTests
{
    [Fact]
    public async Task A_watcher_gets_the_listing_first_and_then_every_change_in_order()
    {
        await using var replica = await FakeReplica.StartAsync();
        for (var i = 0; i < 1_200; i++) await replica.Rooms.CreateRoomAsync(new CreateRoomRequest
        {
            RequestId = $"r{i}",
            RoomId = $"room-{i:0000}",
        });
        using var watch = replica.Rooms.WatchRooms(new WatchRoomsRequest());
        var listed = new List<string>();
        while (listed.Count < 1_200 && await watch.ResponseStream.MoveNext(CancellationToken.None))
        {
            Assert.True(watch.ResponseStream.Current.Initial);
            listed.Add(watch.ResponseStream.Current.Room.RoomId);
        }
        Assert.Equal(Enumerable.Range(0, 1_200).Select(i => $"room-{i:0000}"), listed);
        await replica.Rooms.CloseRoomAsync(new CloseRoomRequest { RequestId = "c", RoomId = "room-0007" });
        await replica.Rooms.CreateRoomAsync(new CreateRoomRequest { RequestId = "n", RoomId = "another" });
        Assert.True(await watch.ResponseStream.MoveNext(CancellationToken.None));
        Assert.Equal(("room-0007", RoomStatus.Closed, false),
            (watch.ResponseStream.Current.Room.RoomId, watch.ResponseStream.Current.Room.Status, watch.ResponseStream.Current.Initial));
        var index = watch.ResponseStream.Current.AppliedIndex;
        Assert.True(await watch.ResponseStream.MoveNext(CancellationToken.None));
        Assert.Equal("another", watch.ResponseStream.Current.Room.RoomId);
        Assert.True(watch.ResponseStream.Current.AppliedIndex > index);
    }

    [Fact]
    public async Task Whoever_watches_while_rooms_come_misses_none_and_sees_no_room_go_back()
    {
        await using var replica = await FakeReplica.StartAsync();
        for (var i = 0; i < 600; i++) await replica.Rooms.CreateRoomAsync(new CreateRoomRequest
        {
            RequestId = $"r{i}",
            RoomId = $"room-{i:0000}",
        });
        var closing = Task.Run(async () =>
        {
            for (var i = 0; i < 600; i++) await replica.Rooms.CloseRoomAsync(new CloseRoomRequest
            {
                RequestId = $"c{i}",
                RoomId = $"room-{(i * 7) % 600:0000}",
            });
        });
        using var watch = replica.Rooms.WatchRooms(new WatchRoomsRequest());
        var closed = new HashSet<string>();
        var open = new HashSet<string>();
        var marked = closing.ContinueWith(_ => replica.Rooms.CreateRoomAsync(new CreateRoomRequest { RequestId = "end", RoomId = "zzz" })
            .ResponseAsync, TaskScheduler.Default).Unwrap();
        while (await watch.ResponseStream.MoveNext(CancellationToken.None) && watch.ResponseStream.Current.Room.RoomId != "zzz")
        {
            var room = watch.ResponseStream.Current.Room;
            if (room.Status == RoomStatus.Closed)
            {
                closed.Add(room.RoomId);
                open.Remove(room.RoomId);
                continue;
            }
            Assert.DoesNotContain(room.RoomId, closed);
            open.Add(room.RoomId);
        }
        await marked;
        Assert.Empty(open);
    }

    [Fact]
    public async Task A_watcher_that_does_not_read_is_ended_and_nobody_else_waits()
    {
        await using var replica = await FakeReplica.StartAsync(options => options.WatchBuffer = 16);
        using var watch = replica.Rooms.WatchRooms(new WatchRoomsRequest());
        await Eventually.HoldsAsync(() => replica.App.Replica.Rooms.Watches.Count == 1, "it watches");
        var metadata = Google.Protobuf.ByteString.CopyFrom(new byte[60_000]); // beyond what the connection takes unread
        for (var i = 0; i < 400 && replica.App.Replica.Rooms.Watches.Count == 1; i++)
            await replica.Rooms.CreateRoomAsync(new CreateRoomRequest
            {
                RequestId = $"r{i}",
                RoomId = $"room-{i:0000}",
                Metadata = metadata,
            });
        Assert.Equal(0, replica.App.Replica.Rooms.Watches.Count);
        var ended =
            await Assert.ThrowsAsync<RpcException>(async () => { while (await watch.ResponseStream.MoveNext(CancellationToken.None)) { } });
        Assert.Equal(StatusCode.Unavailable, ended.StatusCode);
    }

    [Fact]
    public async Task A_change_is_put_before_those_who_watch_it_and_nobody_else()
    {
        await using var replica = await FakeReplica.StartAsync();
        var watches = replica.App.Replica.Rooms.Watches;
        for (var i = 0; i < 20; i++) await CreateAsync(replica, $"quiet-{i:00}");
        var quiet = Enumerable.Range(0, 200).Select(i => replica.Rooms.WatchRooms(new WatchRoomsRequest { RoomId = $"quiet-{i % 20:00}" }))
            .ToArray();
        var absent = replica.Rooms.WatchRooms(new WatchRoomsRequest { RoomId = "yet-to-come" });
        var elsewhere = replica.Rooms.WatchRooms(new WatchRoomsRequest { NodeId = "no-such-node" });
        await Eventually.HoldsAsync(() => watches.Count == quiet.Length + 2, "all watch");
        foreach (var watch in quiet)
        {
            Assert.True(await watch.ResponseStream.MoveNext(CancellationToken.None));
            Assert.True(watch.ResponseStream.Current.Initial);
        }
        var before = watches.Offered;
        for (var i = 0; i < 50; i++) await CreateAsync(replica, $"busy-{i:00}");
        Assert.Equal(before, watches.Offered);

        await CreateAsync(replica, "yet-to-come");
        Assert.True(await absent.ResponseStream.MoveNext(CancellationToken.None));
        Assert.Equal(before + 1, watches.Offered);
        await replica.Rooms.CloseRoomAsync(new CloseRoomRequest { RequestId = "c", RoomId = "quiet-07" });
        for (var i = 7; i < quiet.Length; i += 20) Assert.True(await quiet[i].ResponseStream.MoveNext(CancellationToken.None));
        Assert.Equal(before + 11, watches.Offered);
        foreach (var watch in quiet) watch.Dispose();
        absent.Dispose();
        elsewhere.Dispose();
        await Eventually.HoldsAsync(() => watches.Count == 0, "all have left");
    }

    [Fact]
    public async Task A_watcher_of_a_node_sees_its_rooms_come_and_go_and_no_others()
    {
        await using var replica = await FakeReplica.StartAsync();
        await using var first = await ScriptedAgent.AttachAsync(replica.Channel, ScriptedAgent.Hello("node-1", 1));
        await CreateAsync(replica, "early");
        await using var second = await ScriptedAgent.AttachAsync(replica.Channel, ScriptedAgent.Hello("node-2", 2));
        using var watch = replica.Rooms.WatchRooms(new WatchRoomsRequest { NodeId = "node-1" });
        Assert.Equal(("early", "node-1"), await NextAsync(watch));
        var nodes = new NodeService.NodeServiceClient(replica.Channel);
        await nodes.CordonNodeAsync(new CordonNodeRequest { RequestId = "cordon", NodeId = "node-1" });
        await CreateAsync(replica, "at-the-other");
        await nodes.UncordonNodeAsync(new UncordonNodeRequest { RequestId = "uncordon", NodeId = "node-1" });
        await nodes.CordonNodeAsync(new CordonNodeRequest { RequestId = "cordon-2", NodeId = "node-2" });
        await CreateAsync(replica, "late");
        Assert.Equal(("late", "node-1"), await NextAsync(watch));
        await replica.Rooms.CloseRoomAsync(new CloseRoomRequest { RequestId = "close", RoomId = "early" });
        (string Room, string Node) seen;
        do seen = await NextAsync(watch);
        while (seen == ("early", "node-1")); // while it closes it is held
        Assert.Equal(("early", ""), seen);
    }

    private static async Task<(string Room, string Node)> NextAsync(AsyncServerStreamingCall<RoomChange> watch)
    {
        Assert.True(await watch.ResponseStream.MoveNext(CancellationToken.None));
        return (watch.ResponseStream.Current.Room.RoomId, watch.ResponseStream.Current.Room.NodeId);
    }

    private static async Task CreateAsync(FakeReplica replica, string room) => await replica.Rooms.CreateRoomAsync(new CreateRoomRequest
    {
        RequestId = room,
        RoomId = room,
    });

    [Fact]
    public async Task Pages_of_a_listing_show_every_room_once_in_order()
    {
        await using var replica = await FakeReplica.StartAsync();
        for (var i = 0; i < 25; i++) await replica.Rooms.CreateRoomAsync(new CreateRoomRequest
        {
            RequestId = $"r{i}",
            RoomId = $"room-{(i * 7) % 25:00}",
        });
        await replica.Rooms.CloseRoomAsync(new CloseRoomRequest { RequestId = "c", RoomId = "room-03" });
        var seen = new List<string>();
        var token = "";
        do
        {
            var page = await replica.Rooms.ListRoomsAsync(new ListRoomsRequest { PageSize = 7, PageToken = token });
            seen.AddRange(page.Rooms.Select(r => r.RoomId));
            token = page.NextPageToken;
        }
        while (token.Length > 0);
        Assert.Equal(Enumerable.Range(0, 25).Where(i => i != 3).Select(i => $"room-{i:00}"), seen);
        var refused = await Assert.ThrowsAsync<RpcException>(async () =>
            await replica.Rooms.ListRoomsAsync(new ListRoomsRequest { PageToken = "nonsense" }));
        Assert.StartsWith("page_token:", refused.Status.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Rooms_of_nodes_that_nobody_watches_any_more_are_not_remembered()
    {
        await using var cluster = await TestCluster.StartAsync(1);
        await using var media = (await ScriptedAgent.AttachAsync(cluster, ScriptedAgent.Hello("media-1", 11))).KeepBeating();
        for (var i = 0; i < 5; i++) await cluster.Rooms(0).CreateRoomAsync(new CreateRoomRequest
        {
            RequestId = $"r{i}",
            RoomId = $"room-{i}",
        });
        var watches = cluster[0].Replica.Rooms.Watches;
        Assert.Equal(5, await WatchForAMomentAsync("media-1"));
        Assert.Equal(0, await WatchForAMomentAsync("media-2")); // another one's listing begins, and the first has left
        Assert.Equal(5, await WatchForAMomentAsync("media-1"));
        await cluster.Rooms(0).CreateRoomAsync(new CreateRoomRequest { RequestId = "last", RoomId = "last" }); // nobody watches at all
        await Eventually.HoldsAsync(() => watches.Remembered == 0, "nothing is remembered");

        // What is remembered while it is watched.
        async Task<int> WatchForAMomentAsync(string node)
        {
            int remembered;
            using (var watch = cluster.Rooms(0).WatchRooms(new WatchRoomsRequest { NodeId = node }))
            {
                await Eventually.HoldsAsync(() => watches.Count == 1, "it is watched");
                remembered = watches.Remembered;
            }
            await Eventually.HoldsAsync(() => watches.Count == 0, "the watcher has left");
            return remembered;
        }
    }
}
