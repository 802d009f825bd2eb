using System.Globalization;
using Grpc.Core;
using VideoScale.Harness.Processes;
using VideoScale.V1;

namespace VideoScale.Integration.Tests.Engines;

/// <summary>Three control-plane processes that move from engine to engine under load, with a media node and a room on it.</summary>
[Collection("processes")]
public sealed class MoveTests
{
    private const int BasePort = 29_300;
    private const int Writers = 3;
    private const string Call = "call";

    [Fact]
    public async Task From_engine_to_engine_and_back_nothing_is_lost_and_history_and_epochs_go_on()
    {
        await using var etcd = EtcdProcess.Start();
        await etcd.ReadyAsync();
        await using var cluster = await TestCluster.StartAsync(replicas: 3, media: 1, BasePort);
        using var load = new RoomLoad(cluster, Writers);
        await load.MoreAsync(20);
        var call = await OpenAsync(cluster, Call);
        Assert.Equal((0UL, "native"), (GenerationOf(call.Epoch), (await StatusAsync(cluster.Replicas[0])).Engine));

        var generation = 0UL;
        foreach (var engine in (string[])["dotnext", "etcd", "native"])
        {
            await MoveAsync(engine);
            await load.MoreAsync(20);
            var status = await StatusAsync(cluster.Replicas[1]);
            Assert.Equal((engine, ++generation), (status.Engine, status.Generation));
            // The room is where it was, under the epoch it had; whatever is placed from now on is above.
            var same = await cluster.Rooms(cluster.Replicas[1]).GetRoomAsync(new GetRoomRequest { RoomId = Call });
            Assert.Equal((call.Epoch, call.NodeId), (same.Room.Epoch, same.Room.NodeId));
            Assert.Equal(generation, GenerationOf((await OpenAsync(cluster, $"after-{engine}")).Epoch));
        }
        await load.StopAsync();
        await load.VerifyAsync();

        // The whole history, over all engines, from the files of one replica.
        var last = await StatusAsync(cluster.Replicas[0]);
        await cluster.Replicas[0].StopAsync();
        var directory = cluster.Replicas[0].DataDirectory;
        await RunAsync(0, "audit", "verify", "--data", directory);
        await RunAsync(0, "audit", "replay", "--data", directory, "--until", Text(last.EventSeq), "--assert-hash",
            Convert.ToHexStringLower(last.StateHash.Span));
        var events = await RunAsync(0, "audit", "stream", "cluster", "--data", directory);
        foreach (var engine in (string[])["dotnext", "etcd", "native"])
            Assert.Contains($"to go on with the engine {engine}", events, StringComparison.Ordinal);

        async Task MoveAsync(string engine)
        {
            await RunAsync(0, "ctl", "cluster", "seal", "--engine", engine, "--yes", "--timeout", "60", "--server",
                string.Join(',', cluster.Replicas.Select(replica => replica.GrpcAddress)));
            var sealedAt = await StatusAsync(cluster.Replicas[0]);
            Assert.Equal((engine, true), (sealedAt.SealedFor, sealedAt.ReadyToMove));
            var refused = await Assert.ThrowsAsync<RpcException>(async () => await cluster.Rooms(cluster.Replicas[0]).CreateRoomAsync(
                new CreateRoomRequest { RequestId = "sealed", RoomId = "sealed" }, deadline: DateTime.UtcNow + RoomLoad.CallTime));
            Assert.Equal(StatusCode.Unavailable, refused.StatusCode);
            Assert.Contains("sealed", refused.Status.Detail, StringComparison.Ordinal);
            await Task.WhenAll(cluster.Replicas.Select(replica => MoveOneAsync(replica, engine)));
            foreach (var replica in cluster.Replicas) await replica.WaitForReadyAsync();
        }

        async Task MoveOneAsync(ReplicaProcess replica, string engine)
        {
            if (replica.Index == 2) await replica.KillAsync(); // it was ready: nothing is missing on its disk
            else await replica.StopAsync();
            string[] migrate = ["control", "migrate", "--data", replica.DataDirectory, "--engine", engine, "--etcd-endpoints",
                etcd.Endpoints[0]];
            if (replica.Index == 0) Assert.Contains("nothing was changed", await RunAsync(1, migrate), StringComparison.Ordinal);
            await RunAsync(0, [.. migrate, "--yes"]);
            (replica.Engine, replica.Environment["VIDEOSCALE__ControlPlane__Etcd__LeaseSeconds"]) = (engine, "2");
            replica.Environment["VIDEOSCALE__ControlPlane__Etcd__Endpoints__0"] = etcd.Endpoints[0];
            replica.Start();
        }

        async Task<GetStatusReply> StatusAsync(ReplicaProcess replica) =>
            await cluster.Cluster(replica).GetStatusAsync(new GetStatusRequest(), deadline: DateTime.UtcNow + RoomLoad.CallTime);
    }

    /// <summary>A room that has its node.</summary>
    private static async Task<Room> OpenAsync(TestCluster cluster, string name)
    {
        using var anywhere = cluster.Anywhere();
        var rooms = new RoomService.RoomServiceClient(anywhere);
        var request = new CreateRoomRequest { RequestId = name, RoomId = name, KeepWhenEmpty = true };
        await rooms.CreateRoomAsync(request, deadline: DateTime.UtcNow + RoomLoad.CallTime);
        Room? room = null;
        await Eventually.HoldsAsync(async () =>
        {
            room = (await rooms.GetRoomAsync(new GetRoomRequest { RoomId = name }, deadline: DateTime.UtcNow + RoomLoad.CallTime)).Room;
            return room.NodeId.Length > 0;
        }, $"{name} has a node");
        return room!;
    }

    private static async Task<string> RunAsync(int expected, params string[] arguments)
    {
        var run = await CliProcess.RunAsync(arguments);
        Assert.True(run.ExitCode == expected, $"{string.Join(' ', arguments)}: {run.ExitCode}\n{run.Output}\n{run.Errors}");
        return run.Output + run.Errors;
    }

    private static ulong GenerationOf(ulong epoch) => epoch >> 48;

    private static string Text(ulong number) => number.ToString(CultureInfo.InvariantCulture);
}
