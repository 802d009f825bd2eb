using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using Grpc.Core;
using Grpc.Net.Client;
using VideoScale.Bench.Consensus;
using VideoScale.Harness.Results;
using VideoScale.Rpc;
using VideoScale.V1;

namespace VideoScale.Bench.Watches;

/// <summary>Creates per second in one stretch, with so many watches open.</summary>
internal sealed record WatchesStretch(int Watches, double CreatesPerSecond);

/// <summary><c>bench watches</c>: what streams about rooms in which nothing happens cost those who create others.</summary>
internal static class WatchesVerb
{
    private const int Workers = 32;
    private const int IdleRooms = 100;
    private const int Channels = 4;

    internal static Command Create()
    {
        var watches = new Option<int>("--watches") { Description = "Idle watches, each of one room.", DefaultValueFactory = _ => 4_000 };
        var seconds = new Option<int>("--seconds") { Description = "Length of each stretch.", DefaultValueFactory = _ => 8 };
        var rounds = new Option<int>("--rounds")
        {
            Description = "Stretches without and with watches, by turns.",
            DefaultValueFactory = _ => 3,
        };
        var directory = new Option<string>("--data")
        {
            Description = "Where the replicas live.",
            DefaultValueFactory = _ => ".build/bench",
        };
        var results = ResultsOption.Of("watches");
        var command = new Command("watches",
            "CreateRoom on three replicas, with and without thousands of watches of other rooms.") { watches, seconds, rounds, directory,
            results };
        command.SetAction((parsed, cancellationToken) =>
            RunAsync(parsed.GetValue(watches), TimeSpan.FromSeconds(parsed.GetValue(seconds)), parsed.GetValue(rounds),
                parsed.GetValue(directory)!, parsed.GetValue(results)!, cancellationToken));
        return command;
    }

    private static async Task<int> RunAsync(int watches, TimeSpan stretch, int rounds, string directory, string results,
        CancellationToken cancellationToken)
    {
        var recorder = RunRecorder.Begin().Set("watches", watches).Set("workers", Workers).Set("rounds", rounds)
            .Set("seconds", stretch.TotalSeconds);
        var root = Path.Combine(Path.GetFullPath(directory), $"watches-{Guid.NewGuid():N}");
        Directory.CreateDirectory(root);
        try
        {
            await using var system = new RoomsSystem(root, metadataBytes: 64);
            await system.StartAsync(cancellationToken);
            await MeasureAsync(system, 0, stretch, cancellationToken); // once aside: cold code
            var stretches = new List<WatchesStretch>();
            for (var round = 0; round < rounds; round++)
            {
                stretches.Add(await MeasureAsync(system, 0, stretch, cancellationToken));
                stretches.Add(await MeasureAsync(system, watches, stretch, cancellationToken));
            }
            var ratio = stretches.Where(s => s.Watches > 0).Sum(s => s.CreatesPerSecond) / stretches.Where(s => s.Watches == 0)
                .Sum(s => s.CreatesPerSecond);
            Console.WriteLine(
                string.Create(CultureInfo.InvariantCulture, $"with {watches:N0} idle watches: {ratio:0.00} of the rate without"));
            recorder.Add("creates with watches, against without", ratio, "times", Better.Higher)
                .Add("creates without watches", Rates(stretches, with: false), "creates/s", Better.Higher)
                .Add("creates with idle watches", Rates(stretches, with: true), "creates/s", Better.Higher)
                .KeepIn(results);
            return 0;
        }
        finally { Directory.Delete(root, recursive: true); }
    }

    private static double[] Rates(List<WatchesStretch> stretches, bool with) =>
        [.. stretches.Where(s => s.Watches > 0 == with).Select(s => s.CreatesPerSecond)];

    private static async Task<WatchesStretch> MeasureAsync(RoomsSystem system, int watches, TimeSpan stretch,
        CancellationToken cancellationToken)
    {
        GrpcChannel[] channels = [.. Enumerable.Range(0, watches == 0 ? 0 : Channels).Select(_ => RpcChannel.Create(system.Leader))];
        var open = new List<AsyncServerStreamingCall<RoomChange>>(watches);
        for (var i = 0; i < watches; i++)
        {
            open.Add(new RoomService.RoomServiceClient(channels[i % Channels])
                .WatchRooms(new WatchRoomsRequest { RoomId = $"idle-{i % IdleRooms}" }, cancellationToken: cancellationToken));
            if (i % 100 == 99) await Task.Delay(20, cancellationToken);
        }
        await Task.Delay(TimeSpan.FromSeconds(1), cancellationToken);
        using var creating = RpcChannel.Create(system.Leader);
        var rooms = new RoomService.RoomServiceClient(creating);
        var run = Guid.NewGuid().ToString("N");
        var (made, began) = (0L, Stopwatch.StartNew());
        await Task.WhenAll(Enumerable.Range(0, Workers).Select(worker => Task.Run(async () =>
        {
            for (var i = 0; began.Elapsed < stretch; i++)
            {
                // Placed or not: on a busy machine the nodes that this process plays may fall silent.
                await rooms.CreateRoomAsync(new CreateRoomRequest { RequestId = $"{run}-{worker}-{i}", RoomId = $"{run}-{worker}-{i}" },
                    cancellationToken: cancellationToken);
                Interlocked.Increment(ref made);
            }
        }, cancellationToken)));
        var rate = made / began.Elapsed.TotalSeconds;
        foreach (var call in open) call.Dispose();
        foreach (var channel in channels) channel.Dispose();
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{watches,6:N0} watches: {rate,8:N0} creates/s"));
        return new(watches, Math.Round(rate, 1));
    }
}
