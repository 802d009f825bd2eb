using Grpc.Core;
using VideoScale.ControlPlane.Commands;
using VideoScale.ControlPlane.Host.Refusals;
using VideoScale.Model;
using VideoScale.V1;

namespace VideoScale.ControlPlane.Tests.HostTests;

/// <summary>Who tried what and was refused stands in the event log, once, and not without end.</summary>
public sealed class RefusalTests
{
    [Fact]
    public async Task A_refusal_is_recorded_once_with_who_asked_under_what_it_was_about_and_what_is_malformed_is_not()
    {
        await using var replica = await FakeReplica.StartAsync();
        await Create(replica, "first", "a");
        await RefusedAsync(Create(replica, "bad", ".hidden"), StatusCode.InvalidArgument);
        for (var i = 0; i < 3; i++) await RefusedAsync(Close(replica, "close"), StatusCode.NotFound); // one request
        await RefusedAsync(Create(replica, "second", "a"), StatusCode.AlreadyExists);
        var rejected = await RejectedAsync(replica.Channel, events => events.Count == 2);
        Assert.Equal(["close", "second"], rejected.Select(e => e.CorrelationId));
        Assert.Equal(["cluster", "room-a"], rejected.Select(e => e.Stream)); // refused names make no streams
        Assert.All(rejected,
            e => Assert.Equal("development operator development", $"{e.Actor.Subject} {e.Actor.Kind} {e.Actor.AuthMethod}"));
        Assert.Contains("CloseRoom", rejected[0].PayloadJson, StringComparison.Ordinal);
        Assert.Contains("room nowhere does not exist", rejected[0].PayloadJson, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Whoever_is_refused_again_and_again_fills_no_log()
    {
        await using var replica = await FakeReplica.StartAsync();
        for (var i = 0; i < 300; i++) await RefusedAsync(Close(replica, $"close-{i}"), StatusCode.NotFound);
        var rejected = await RejectedAsync(replica.Channel, events => events.Count >= 20);
        Assert.InRange(rejected.Count, 20, 100); // and one more for each 10 s that this took
    }

    [Fact]
    public async Task Who_is_turned_away_for_its_role_is_recorded_too()
    {
        var tokens = Path.GetTempFileName();
        await File.WriteAllTextAsync(tokens, """
            {"tokens":[{"subject":"audrey","role":"Viewer","token":"0123456789abcdef0123"},
                       {"subject":"replicas","role":"Replica","token":"3210fedcba9876543210"}]}
            """);
        try
        {
            await using var replica =
                await FakeReplica.StartAsync(options => (options.DevelopmentMode, options.TokensFile) = (false, tokens));
            var audrey = new Metadata { { "authorization", "Bearer 0123456789abcdef0123" } };
            await RefusedAsync(Create(replica, "r", "a", audrey), StatusCode.PermissionDenied);
            await RefusedAsync(Create(replica, "r", "a"), StatusCode.Unauthenticated); // nobody that is known
            var rejected = Assert.Single(await RejectedAsync(replica.Channel, events => events.Count == 1, audrey));
            Assert.Equal(("audrey", "cluster"), (rejected.Actor.Subject, rejected.Stream));
            Assert.Contains("CreateRoom needs role Operator; audrey has role Viewer", rejected.PayloadJson, StringComparison.Ordinal);
        }
        finally { File.Delete(tokens); }
    }

    [Fact]
    public async Task A_replica_that_does_not_lead_tells_the_leader_whom_it_turned_away()
    {
        await using var cluster = await TestCluster.StartAsync(3);
        var refusal = new Refusal(new("audrey", ActorKind.Operator, ActorAuthMethod.Token), "DrainNode",
            Failure.Denied("DrainNode needs role Operator"));
        cluster[cluster.FollowerIndex].Replica.Core.Refusals.Note(refusal);
        var rejected = Assert.Single(await RejectedAsync(cluster.Channel(cluster.LeaderIndex), events => events.Count == 1));
        Assert.Equal("audrey", rejected.Actor.Subject);
    }

    private static async Task<List<Event>> RejectedAsync(ChannelBase channel, Func<List<Event>, bool> enough, Metadata? headers = null)
    {
        List<Event> rejected = [];
        await Eventually.HoldsAsync(async () =>
        {
            using var all = new AuditService.AuditServiceClient(channel).ReadAll(new ReadAllRequest(), headers);
            rejected = (await all.ResponseStream.ReadAllAsync().ToListAsync()).FindAll(e => e.Type == "CommandRejected");
            return enough(rejected);
        }, "the refusals are recorded");
        return rejected;
    }

    private static AsyncUnaryCall<RoomReply> Create(FakeReplica replica, string requestId, string room, Metadata? headers = null) =>
        replica.Rooms.CreateRoomAsync(new CreateRoomRequest { RequestId = requestId, RoomId = room }, headers);

    private static AsyncUnaryCall<RoomReply> Close(FakeReplica replica, string requestId) =>
        replica.Rooms.CloseRoomAsync(new CloseRoomRequest { RequestId = requestId, RoomId = "nowhere" });

    private static async Task RefusedAsync<T>(AsyncUnaryCall<T> call, StatusCode status) =>
        Assert.Equal(status, (await Assert.ThrowsAsync<RpcException>(async () => await call)).StatusCode);
}
