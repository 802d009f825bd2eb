using Grpc.Core;
using VideoScale.V1;

namespace VideoScale.ControlPlane.Tests.HostTests;

public sealed class ClusterTests
{
    [Fact]
    public async Task Three_replicas_serve_a_room_from_any_of_them_and_go_on_when_the_leader_stops()
    {
        await using var cluster = await TestCluster.StartAsync(3);
        var follower = cluster.FollowerIndex;
        var created = await cluster.Rooms(follower).CreateRoomAsync(new CreateRoomRequest
        {
            RequestId = "r1",
            RoomId = "standup",
            ExpectedParticipants = 5,
        });
        Assert.Equal("standup", created.RoomId);
        Assert.Equal(RoomStatus.Unplaced, created.Status);
        Assert.True(created.Commit.LogIndex > 0);
        for (var i = 0; i < cluster.Count; i++)
        {
            var found = await cluster.Rooms(i).GetRoomAsync(new GetRoomRequest { RoomId = "standup" });
            Assert.Equal(5u, found.Room.ExpectedParticipants);
        }
        var leader = cluster.LeaderIndex;
        await cluster.StopAsync(leader);
        var other = (leader + 1) % 3;
        var again = await cluster.Rooms(other)
            .CreateRoomAsync(new CreateRoomRequest { RequestId = "r2", RoomId = "retro" }, deadline: DateTime.UtcNow.AddSeconds(30));
        Assert.True(again.Commit.LogIndex > created.Commit.LogIndex);
        var repeated = await cluster.Rooms(other).CreateRoomAsync(new CreateRoomRequest
        {
            RequestId = "r1",
            RoomId = "standup",
            ExpectedParticipants = 5,
        });
        Assert.Equal(created.Commit, repeated.Commit);
        var listed = await cluster.Rooms(other).ListRoomsAsync(new ListRoomsRequest());
        Assert.Equal(["retro", "standup"], listed.Rooms.Select(r => r.RoomId));
        await cluster.StartAsync_(leader);
        await cluster.WaitReadyAsync();
        Assert.Equal(2, (await cluster.Rooms(leader).ListRoomsAsync(new ListRoomsRequest())).Rooms.Count);
    }
}
