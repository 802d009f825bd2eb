using Grpc.Core;
using VideoScale.ControlPlane.Tests.HostTests;
using VideoScale.V1;

namespace VideoScale.ControlPlane.Tests.Audit;

/// <summary>The audit service of running replicas, over gRPC.</summary>
public sealed class AuditServiceTests
{
    [Fact]
    public async Task Every_question_is_answered_by_a_running_replica()
    {
        await using var cluster = await TestCluster.StartAsync(1);
        var audit = new AuditService.AuditServiceClient(cluster.Channel(0));
        using var subscription = audit.Subscribe(new() { FromSeq = 1 });
        var created = await cluster.Rooms(0).CreateRoomAsync(new() { RequestId = "make-it", RoomId = "standup" });
        await cluster.Rooms(0).CloseRoomAsync(new() { RequestId = "close-it", RoomId = "standup" });

        var all = await AllAsync(audit.ReadAll(new()));
        Assert.Equal(Enumerable.Range(1, all.Count).Select(i => (ulong)i), all.Select(e => e.EventSeq));
        foreach (var e in all)
        {
            Assert.True(await subscription.ResponseStream.MoveNext(CancellationToken.None));
            Assert.Equal(e, subscription.ResponseStream.Current);
        }
        var stream = await AllAsync(audit.ReadStream(new() { Stream = "room-standup" }));
        Assert.Equal("RoomCreated", stream[0].Type);
        Assert.Equal("RoomClosed", stream[^1].Type);
        Assert.Equal(created.Commit.LogIndex, stream[0].RaftIndex);

        var then = await audit.StateAtAsync(new() { LogIndex = created.Commit.LogIndex, Scope = "room/standup" });
        Assert.Contains("\"phase\":\"Open\"", then.StateJson, StringComparison.Ordinal);
        var now = await audit.StateAtAsync(new() { TimeMs = all[^1].OccurredAtMs, Scope = "room/standup" });
        Assert.Contains("\"phase\":\"Closed\"", now.StateJson, StringComparison.Ordinal);
        Assert.Equal((await cluster.Clusters(0).GetStatusAsync(new())).StateHash,
            (await audit.StateAtAsync(new() { EventSeq = all[^1].EventSeq })).StateHash);

        var why = await audit.ExplainAsync(new() { RoomId = "standup" });
        Assert.Equal("", why.BrokenLink);
        Assert.Contains("close-it", why.Words[^1], StringComparison.Ordinal);
        var verified = await audit.VerifyAsync(new());
        Assert.True(verified.Ok, verified.Problem);
        Assert.Equal(all[^1].ChainHash, verified.ChainHead);
        Assert.Equal((ulong)all.Count, verified.Events);
    }

    [Fact]
    public async Task Bad_questions_get_the_status_and_the_rule()
    {
        await using var cluster = await TestCluster.StartAsync(1);
        var audit = new AuditService.AuditServiceClient(cluster.Channel(0));
        await RefusedAsync(StatusCode.InvalidArgument, "types: \"Nonsense\"",
            () => AllAsync(audit.ReadAll(new() { Types_ = { "Nonsense" } })));
        await RefusedAsync(StatusCode.InvalidArgument, "stream:", () => AllAsync(audit.ReadStream(new())));
        // any shorter text may name a room
        await RefusedAsync(StatusCode.InvalidArgument, "room_id: \"rrr",
            async () => await audit.ExplainAsync(new() { RoomId = new string('r', 257) }));
        await RefusedAsync(StatusCode.NotFound, "room ghost", async () => await audit.ExplainAsync(new() { RoomId = "ghost" }));
        await RefusedAsync(StatusCode.OutOfRange, "does not exist yet",
            async () => await audit.StateAtAsync(new() { EventSeq = 1_000_000 }));
        await RefusedAsync(StatusCode.InvalidArgument, "to_seq: 2", async () => await audit.VerifyAsync(new() { FromSeq = 3, ToSeq = 2 }));
    }

    [Fact]
    public async Task A_replica_that_lost_its_event_log_goes_on_from_its_snapshot_and_fetches_the_rest_from_its_peers()
    {
        await using var cluster = await TestCluster.StartAsync(3);
        for (var i = 0; i < 30; i++) await cluster.Rooms(0).CreateRoomAsync(new() { RequestId = $"r{i}", RoomId = $"room-{i}" });
        var poor = cluster.FollowerIndex;
        await Eventually.HoldsAsync(() => cluster[poor].Replica.Core.Events.Reader.LastSeq >= 30, "the follower has the events");
        await cluster.Clusters(poor).CreateSnapshotAsync(new());
        await cluster.StopAsync(poor);
        Directory.Delete(Path.Combine(cluster.DirectoryOf(poor), "events"), recursive: true);
        await cluster.Rooms(cluster.LeaderIndex).CreateRoomAsync(new() { RequestId = "late", RoomId = "late" });
        await cluster.StartAsync_(poor);
        await cluster.WaitReadyAsync();
        await Eventually.HoldsAsync(() => cluster[poor].Replica.Core.Events.Reader.Floor == 1, "the log is whole again");
        var rich = cluster.LeaderIndex;
        await Eventually.HoldsAsync(() => cluster[poor].Replica.Core.Events.Reader.LastSeq == cluster[rich]
            .Replica.Core.Events.Reader.LastSeq, "the follower caught up");
        var audit = new AuditService.AuditServiceClient(cluster.Channel(poor));
        var verified = await audit.VerifyAsync(new());
        Assert.True(verified.Ok, verified.Problem);
        var there = await new AuditService.AuditServiceClient(cluster.Channel(rich)).VerifyAsync(new() { ToSeq = verified.VerifiedTo });
        Assert.Equal((there.ChainHead, there.MerkleRoot), (verified.ChainHead, verified.MerkleRoot));
        Assert.Equal("room-0", (await audit.ExplainAsync(new() { RoomId = "room-0" })).Chain[0].Stream["room-".Length..]);
    }

    [Fact]
    public async Task A_subscription_ends_with_a_word_when_its_replica_stops()
    {
        await using var cluster = await TestCluster.StartAsync(1);
        using var subscription = new AuditService.AuditServiceClient(cluster.Channel(0)).Subscribe(new() { FromSeq = 1 });
        Assert.True(await subscription.ResponseStream.MoveNext(CancellationToken.None));
        var reading = AllAsync(subscription);
        await cluster.StopAsync(0);
        var ended = await Assert.ThrowsAsync<RpcException>(() => reading);
        Assert.Equal(StatusCode.Unavailable, ended.StatusCode);
    }

    private static async Task<List<Event>> AllAsync(AsyncServerStreamingCall<Event> call)
    {
        var events = new List<Event>();
        await foreach (var e in call.ResponseStream.ReadAllAsync()) events.Add(e);
        return events;
    }

    private static async Task RefusedAsync(StatusCode status, string part, Func<Task> ask)
    {
        var refused = await Assert.ThrowsAsync<RpcException>(ask);
        Assert.Equal(status, refused.StatusCode);
        Assert.Contains(part, refused.Status.Detail, StringComparison.Ordinal);
    }
}
