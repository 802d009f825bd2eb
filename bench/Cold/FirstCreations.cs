using System.Diagnostics;
using Grpc.Core;
using VideoScale.Harness.Processes;
using VideoScale.Harness.Results;
using VideoScale.Rpc;
using VideoScale.V1;

namespace VideoScale.Bench.Cold;

/// <summary>
/// CreateRoom from the first moment of a cluster: its rate in the first second, in the first ten, and when everything is warm.
/// </summary>
internal static class FirstCreations
{
    internal static async Task MeasureAsync(StartedCluster cluster, ColdOptions options, Samples samples,
        CancellationToken cancellationToken)
    {
        using var channels = new ChannelPool();
        var leader = await FindLeaderAsync(cluster, channels);
        var client = new RoomService.RoomServiceClient(channels.Get(leader));
        var perSecond = new long[(int)(options.Warm + options.Steady).TotalSeconds];
        var began = Stopwatch.GetTimestamp();
        var first = 0.0;
        await Task.WhenAll(Enumerable.Range(0, options.Workers).Select(worker => Task.Run(async () =>
        {
            for (var i = 0; ; i++)
            {
                var id = $"cold-{worker}-{i}";
                await client.CreateRoomAsync(new CreateRoomRequest { RequestId = id, RoomId = id, KeepWhenEmpty = true },
                    cancellationToken: cancellationToken);
                var done = Stopwatch.GetElapsedTime(began);
                Interlocked.CompareExchange(ref first, done.TotalMilliseconds, 0);
                if ((int)done.TotalSeconds >= perSecond.Length) return;
                Interlocked.Increment(ref perSecond[(int)done.TotalSeconds]);
            }
        }, cancellationToken)));
        var steady = perSecond.Skip((int)options.Warm.TotalSeconds).Average(made => (double)made);
        samples.Add("CreateRoom: the first answer", first);
        samples.Add("CreateRoom: in the first second", perSecond[0], "creates/s", Better.Higher);
        samples.Add("CreateRoom: in the first ten seconds", perSecond.Take(10).Average(made => (double)made), "creates/s", Better.Higher);
        samples.Add("CreateRoom: steady", steady, "creates/s", Better.Higher);
        samples.Add("CreateRoom: first second, of the steady rate", perSecond[0] / steady, "share", Better.Higher);
        samples.Add("CreateRoom: first ten seconds, of the steady rate", perSecond.Take(10).Average(made => made / steady), "share",
            Better.Higher);
    }

    private static async Task<string> FindLeaderAsync(StartedCluster cluster, ChannelPool channels)
    {
        string? leader = null;
        await Eventually.HoldsAsync(async () =>
        {
            foreach (var address in cluster.GrpcAddresses)
            {
                var status = await new ClusterService.ClusterServiceClient(channels.Get(address))
                    .GetStatusAsync(new GetStatusRequest(), deadline: DateTime.UtcNow.AddSeconds(2));
                if (status.Role == ReplicaRole.Leader) leader = address;
            }
            return leader is not null;
        }, "one replica leads", details: () => cluster.Log);
        return leader!;
    }
}
