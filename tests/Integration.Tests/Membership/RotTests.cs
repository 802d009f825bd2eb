using Grpc.Core;
using VideoScale.Harness.Processes;
using VideoScale.Rpc;
using VideoScale.V1;

namespace VideoScale.Integration.Tests.Membership;

/// <summary>A byte in the middle of a log changes while its replica is down.</summary>
public sealed class RotTests
{
    private const int BasePort = 23_700;

    /// <summary>Turns a bit in the middle of what the log holds.</summary>
    private static void Rot(ReplicaProcess replica)
    {
        var file = Directory.GetFiles(Path.Combine(replica.DataDirectory, "log"), "*.segment").Order(StringComparer.Ordinal).First();
        var bytes = File.ReadAllBytes(file);
        var end = bytes.AsSpan().LastIndexOfAnyExcept((byte)0);
        using var stream = new FileStream(file, FileMode.Open);
        stream.Position = end / 2;
        stream.WriteByte((byte)(bytes[end / 2] ^ 0x10));
    }

    private static async Task FillAsync(TestCluster cluster, string prefix, int rooms)
    {
        using var anywhere = new MultiEndpointInvoker(cluster.Replicas.Where(r => r.IsRunning).Select(r => r.GrpcAddress),
            patience: TimeSpan.FromSeconds(60));
        for (var i = 0; i < rooms; i++)
        {
            await new RoomService.RoomServiceClient(anywhere).CreateRoomAsync(new CreateRoomRequest
            {
                RequestId = $"{prefix}{i}",
                RoomId = $"{prefix}{i}",
            },
                deadline: DateTime.UtcNow.AddSeconds(60));
        }
    }

    private static async Task<GetStatusReply> StatusAsync(TestCluster cluster, ReplicaProcess replica) =>
        await cluster.Cluster(replica).GetStatusAsync(new GetStatusRequest(), deadline: DateTime.UtcNow.AddSeconds(5));

    [Fact]
    public async Task A_follower_with_rot_fetches_again_what_it_lost_while_others_write_and_takes_part()
    {
        await using var cluster = await TestCluster.StartAsync(3, 0, BasePort);
        await FillAsync(cluster, "before-", 60);
        var leader = await cluster.WaitForLeaderAsync();
        var damaged = cluster.Replicas.First(replica => replica != leader);
        await damaged.KillAsync();
        Rot(damaged);
        var load = FillAsync(cluster, "during-", 60);
        damaged.Start();
        await damaged.WaitForReadyAsync();
        await load;
        Assert.Contains("is quarantined", damaged.Log, StringComparison.Ordinal);
        await Eventually.HoldsAsync(() => damaged.Log.Contains("holds again all that this replica may have acknowledged",
            StringComparison.Ordinal), "it says that it is whole again");
        Assert.True(Directory.Exists(Path.Combine(damaged.DataDirectory, "damaged", "log-1")));
        var third = cluster.Replicas.First(replica => replica != leader && replica != damaged);
        await third.KillAsync(); // from here on it is needed for every majority
        await FillAsync(cluster, "after-", 20);
        await Eventually.HoldsAsync(async () =>
        {
            var (one, other) = (await StatusAsync(cluster, leader), await StatusAsync(cluster, damaged));
            return one.StateHash == other.StateHash && one.ChainHead == other.ChainHead && one.EventSeq == other.EventSeq
                && !other.Repairing;
        }, "both hold the same state");
    }

    [Fact]
    public async Task With_rot_on_a_majority_nothing_is_committed_and_every_damaged_replica_says_why()
    {
        await using var cluster = await TestCluster.StartAsync(3, 0, BasePort + 20);
        await FillAsync(cluster, "kept-", 40);
        foreach (var replica in cluster.Replicas) await replica.KillAsync();
        foreach (var replica in cluster.Replicas.Take(2)) Rot(replica);
        foreach (var replica in cluster.Replicas) replica.Start();
        await Eventually.HoldsAsync(() => cluster.Replicas.Take(2)
            .All(replica => replica.Log.Contains("nobody can lead, and nothing is committed", StringComparison.Ordinal)), "they say it");
        await Eventually.HoldsAsync(async () =>
        {
            try { return (await StatusAsync(cluster, cluster.Replicas[0])).Repairing; }
            catch (RpcException) { return false; } // still starting
        }, "the status says it");
        var refused = await Assert.ThrowsAsync<RpcException>(async () => await cluster.Rooms(cluster.Replicas[2]).CreateRoomAsync(
            new CreateRoomRequest { RequestId = "no", RoomId = "no" }, deadline: DateTime.UtcNow.AddSeconds(4)));
        Assert.True(refused.StatusCode is StatusCode.Unavailable or StatusCode.DeadlineExceeded, refused.ToString());
        foreach (var replica in cluster.Replicas) Assert.NotEqual(ReplicaRole.Leader, (await StatusAsync(cluster, replica)).Role);
    }

    [Fact]
    public async Task The_only_voter_does_not_start_and_names_the_byte()
    {
        await using var cluster = await TestCluster.StartAsync(1, 0, BasePort + 40);
        await FillAsync(cluster, "kept-", 40);
        var only = cluster.Replicas[0];
        await only.KillAsync();
        Rot(only);
        only.Start();
        await only.WaitForExitAsync();
        Assert.Equal(74, only.ExitCode);
        Assert.Matches("segment is damaged at byte [0-9]+", only.Log);
    }
}
