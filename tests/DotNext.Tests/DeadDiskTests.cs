using VideoScale.Harness.Disks;
using VideoScale.Harness.Processes;
using VideoScale.V1;

namespace VideoScale.DotNext.Tests;

/// <summary>Real processes, whose disks fail while they run.</summary>
public sealed class Dead_disk
{
    private const int StoppedByAFault = 70;

    [Fact]
    public async Task It_ends_a_follower_and_a_leader_and_nothing_acknowledged_is_lost()
    {
        var directory = Directory.CreateTempSubdirectory("videoscale-dead-disk-");
        var disks = await StubbornDisk.CompileAsync(directory.FullName);
        await using var cluster = await TestCluster.CreateAsync(new ClusterShape(3, 0) { Engine = "dotnext" });
        foreach (var replica in cluster.Replicas)
            foreach (var (name, value) in disks.Environment(replica.Name, only: "/dotnext/")) replica.Environment[name] = value;
        cluster.Start();
        await cluster.WaitForReadyAsync();
        var leader = await cluster.WaitForLeaderAsync();
        await CreateAsync(cluster, leader, "before");

        var follower = cluster.Replicas.First(replica => replica != leader);
        disks.Fail(follower.Name);
        await CreateAsync(cluster, leader, "without-the-follower");
        await follower.WaitForExitAsync();
        Assert.Equal(StoppedByAFault, follower.ExitCode);
        disks.GoOn(follower.Name);
        follower.Start();
        await follower.WaitForReadyAsync();

        disks.Fail(leader.Name);
        await Eventually.HoldsAsync(async () =>
        {
            await CreateAsync(cluster, follower, "without-the-leader"); // answered again under its id, whoever leads
            return true;
        }, "the others commit");
        await leader.WaitForExitAsync();
        Assert.Equal(StoppedByAFault, leader.ExitCode);
        foreach (var room in (string[])["before", "without-the-follower", "without-the-leader"])
            await cluster.Rooms(follower).GetRoomAsync(new GetRoomRequest { RoomId = room, Consistency = Consistency.Linearizable },
                deadline: DateTime.UtcNow.AddSeconds(30));
        directory.Delete(recursive: true);
    }

    private static async Task CreateAsync(TestCluster cluster, ReplicaProcess through, string room) =>
        await cluster.Rooms(through).CreateRoomAsync(new CreateRoomRequest { RequestId = room, RoomId = room, KeepWhenEmpty = true },
            deadline: DateTime.UtcNow.AddSeconds(30));
}
