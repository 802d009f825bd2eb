using System.CommandLine;
using VideoScale.Harness.Results;

namespace VideoScale.Bench.Cold;

internal sealed record ColdOptions(int Rounds, int Runs, TimeSpan Warm, TimeSpan Steady, int Workers, int BasePort);

/// <summary><c>bench cold</c>: what whoever has just started it sees, beside the same a little later.</summary>
internal static class ColdVerb
{
    /// <summary>From so much work per core on, figures of a start are those of a busy machine.</summary>
    private const double Busy = 0.5;

    internal static Command Create()
    {
        var rounds = new Option<int>("--rounds")
        {
            Description = "Clusters that are started, one after the other.",
            DefaultValueFactory = _ => 3,
        };
        var runs = new Option<int>("--runs") { Description = "Runs of each verb of ctl and audit.", DefaultValueFactory = _ => 10 };
        var warm = new Option<int>("--warm-seconds")
        {
            Description = "Seconds of creations, the first ten among them, before the rate counts as steady.",
            DefaultValueFactory = _ => 20,
        };
        var steady = new Option<int>("--steady-seconds") { Description = "Seconds of the steady rate.", DefaultValueFactory = _ => 10 };
        var workers = new Option<int>("--workers") { Description = "Creations in flight.", DefaultValueFactory = _ => 32 };
        var basePort = new Option<int>("--base-port") { Description = "As of `videoscale up`.", DefaultValueFactory = _ => 24_000 };
        var results = ResultsOption.Of("cold");
        var command = new Command("cold",
            "A cluster just started by ./videoscale: until it is ready, its first call, verbs of ctl, its first creations.")
        { rounds, runs, warm, steady, workers, basePort, results };
        command.SetAction((parsed, cancellationToken) => RunAsync(
            new ColdOptions(Math.Max(1, parsed.GetValue(rounds)), Math.Max(1, parsed.GetValue(runs)),
                TimeSpan.FromSeconds(Math.Max(10, parsed.GetValue(warm))), TimeSpan.FromSeconds(Math.Max(1, parsed.GetValue(steady))),
                Math.Max(1, parsed.GetValue(workers)), parsed.GetValue(basePort)),
            parsed.GetValue(results)!, cancellationToken));
        return command;
    }

    private static async Task<int> RunAsync(ColdOptions options, string results, CancellationToken cancellationToken)
    {
        var load = MachineFacts.LoadAverage;
        if (load > Busy * Environment.ProcessorCount)
            Console.WriteLine($"the load average is {load:0.0}: something else runs, and these will not be the figures of a quiet machine");
        await StartedCluster.BuildAsync(); // what is measured is a start, not a build
        var recorder = RunRecorder.Begin().Set("rounds", options.Rounds).Set("runs", options.Runs).Set("workers", options.Workers)
            .Set("warm_seconds", options.Warm.TotalSeconds).Set("steady_seconds", options.Steady.TotalSeconds);
        var samples = new Samples();
        for (var round = 0; round < options.Rounds; round++)
        {
            await using (var cluster = await StartedCluster.StartAsync(options.BasePort, samples))
            {
                await FirstCalls.MeasureAsync(cluster, samples);
                if (round == options.Rounds - 1) await CommandTimes.MeasureAsync(cluster, options.Runs, samples);
            }
            // A cluster of its own: the first creations are to be the first that it does.
            await using var another = await StartedCluster.StartAsync(options.BasePort, samples);
            await FirstCreations.MeasureAsync(another, options, samples, cancellationToken);
        }
        samples.AddTo(recorder);
        recorder.KeepIn(results);
        return 0;
    }
}
