using System.Collections.Concurrent;
using Grpc.Core;
using VideoScale.Harness.Processes;
using VideoScale.V1;

namespace VideoScale.Integration.Tests.Engines;

/// <summary>Three control-plane processes over an operator's etcd: killed and frozen while they lead, under load.</summary>
[Collection("processes")]
public sealed class EtcdClusterTests
{
    private const int BasePort = 26_900;
    private const int Writers = 4;
    private static readonly TimeSpan CallTime = TimeSpan.FromSeconds(5);

    [Fact]
    public async Task What_was_acknowledged_is_there_once_whoever_led_and_died_or_stood_still()
    {
        await using var etcd = EtcdProcess.Start();
        await etcd.ReadyAsync();
        await using var cluster = await TestCluster.CreateAsync(replicas: 3, media: 0, BasePort);
        foreach (var replica in cluster.Replicas)
            replica.ExtraArguments.AddRange(["--engine", "etcd", "--etcd-endpoints", etcd.Endpoints[0], "--etcd-lease", "2"]);
        cluster.Start();
        await cluster.WaitForReadyAsync();

        using var stop = new CancellationTokenSource();
        var acknowledged = new ConcurrentQueue<string>();
        var writing = Task.WhenAll(Enumerable.Range(0, Writers).Select(w => WriteAsync(cluster, w, acknowledged, stop.Token)));
        async Task MoreAsync(int count)
        {
            var before = acknowledged.Count;
            await Eventually.HoldsAsync(() => acknowledged.Count >= before + count, $"{count} more rooms are acknowledged",
                details: () => string.Join('\n', cluster.Replicas.Select(replica => $"{replica.Name}: {replica.Log}")));
        }
        await MoreAsync(20);
        var killed = await cluster.WaitForLeaderAsync();
        await killed.KillAsync();
        await MoreAsync(20);
        killed.Start();
        var frozen = await cluster.WaitForLeaderAsync();
        frozen.Freeze();
        await cluster.WaitForLeaderAsync(except: frozen);
        await MoreAsync(20);
        frozen.Resume(); // it still takes itself for the leader for a moment
        await MoreAsync(20);
        await stop.CancelAsync();
        await writing;

        foreach (var replica in cluster.Replicas)
        {
            await replica.WaitForReadyAsync();
            var rooms = await ListAsync(cluster, replica);
            Assert.Equal(rooms.Count, rooms.Distinct().Count());
            Assert.Empty(acknowledged.Except(rooms));
        }
        await SameStateAsync(cluster);

        // What this engine cannot do is said, and the directory is no other engine's.
        var leader = await cluster.WaitForLeaderAsync();
        var refused = await CliProcess.RunAsync(["ctl", "cluster", "remove", $"{killed.Index + 1}", "--server", leader.GrpcAddress]);
        Assert.NotEqual(0, refused.ExitCode);
        Assert.Contains("etcd", refused.Errors, StringComparison.Ordinal);
        await killed.StopAsync();
        var recover = await CliProcess.RunAsync(["control", "recover", "--data", killed.DataDirectory]);
        Assert.NotEqual(0, recover.ExitCode);
        Assert.Contains("etcd", recover.Errors, StringComparison.Ordinal);
        killed.ExtraArguments.Clear();
        killed.ExtraArguments.AddRange(["--engine", "native"]);
        killed.Start();
        await killed.WaitForExitAsync();
        Assert.Contains("--engine etcd", killed.Log, StringComparison.Ordinal);
    }

    /// <summary>Rooms, one after the other; each is asked for under its id until somebody says that it is made.</summary>
    private static async Task WriteAsync(TestCluster cluster, int writer, ConcurrentQueue<string> acknowledged, CancellationToken stop)
    {
        for (var (i, at) = (0, writer); !stop.IsCancellationRequested; i++)
        {
            var name = $"w{writer}-{i}";
            while (true)
            {
                var replica = cluster.Replicas[at % cluster.Replicas.Count];
                try
                {
                    await cluster.Rooms(replica).CreateRoomAsync(new CreateRoomRequest
                    {
                        RequestId = name,
                        RoomId = name,
                        KeepWhenEmpty = true,
                    },
                        deadline: DateTime.UtcNow + CallTime, cancellationToken: CancellationToken.None);
                    acknowledged.Enqueue(name);
                    break;
                }
                catch (RpcException e) when (e.StatusCode is StatusCode.Unavailable or StatusCode.DeadlineExceeded or StatusCode.Unknown
                    or StatusCode.Internal or StatusCode.Cancelled)
                {
                    if (stop.IsCancellationRequested) return; // its outcome stays open
                    at++;
                    await Task.Delay(20, CancellationToken.None);
                }
            }
        }
    }

    private static async Task<List<string>> ListAsync(TestCluster cluster, ReplicaProcess replica)
    {
        var all = new List<string>();
        var page = new ListRoomsRequest { PageSize = 1_000 };
        do
        {
            var reply = await cluster.Rooms(replica).ListRoomsAsync(page, deadline: DateTime.UtcNow + TimeSpan.FromSeconds(30));
            all.AddRange(reply.Rooms.Select(room => room.RoomId));
            page.PageToken = reply.NextPageToken;
        } while (page.PageToken.Length > 0);
        return all;
    }

    private static async Task SameStateAsync(TestCluster cluster)
    {
        string[] states = [];
        await Eventually.HoldsAsync(async () =>
        {
            states = await Task.WhenAll(cluster.Replicas.Select(async replica =>
            {
                var status = await cluster.Cluster(replica).GetStatusAsync(new GetStatusRequest(), deadline: DateTime.UtcNow + CallTime);
                return $"{status.HashedAtIndex} {status.StateHash.ToBase64()} {status.EventSeq} {status.ChainHead.ToBase64()}";
            }));
            return states.Distinct().Count() == 1;
        }, "state and events are the same at all", details: () => string.Join('\n', states));
    }
}
