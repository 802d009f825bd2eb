using System.Diagnostics;
using VideoScale.Harness.Processes;
using VideoScale.Harness.Results;

namespace VideoScale.Bench.Cold;

/// <summary>Verbs of the command line from start to end, as a person types them, and what of that is the wrapper's.</summary>
internal static class CommandTimes
{
    /// <summary>NEW is another room each time. What a room cannot tell just now is an answer, too.</summary>
    private static readonly string[] Verbs =
    [
        "ctl room create NEW --keep-when-empty", "ctl room get standup", "ctl room list", "ctl room stats standup",
        "ctl room participants standup", "ctl room explain standup", "ctl node list", "ctl node get media-1", "ctl cluster status",
        "audit tail", "audit why standup",
    ];

    internal static async Task MeasureAsync(StartedCluster cluster, int runs, Samples samples)
    {
        await TimeAsync(cluster, StartedCluster.Program, "ctl room create NEW --keep-when-empty", "standup", null);
        var (wrapped, direct) = (new List<double>(), new List<double>());
        foreach (var verb in Verbs)
        {
            var (own, bare) = (new List<double>(), new List<double>());
            for (var run = 0; run < runs; run++)
            {
                // By turns, so that what the machine does meanwhile meets both alike.
                own.Add(await TimeAsync(cluster, StartedCluster.Wrapper, verb, $"wrapped-{run}", StartedCluster.Shell));
                bare.Add(await TimeAsync(cluster, StartedCluster.Program, verb, $"direct-{run}", null));
            }
            foreach (var ms in own) samples.Add($"{verb.Replace(" NEW", "", StringComparison.Ordinal)}", ms);
            wrapped.Add(Percentiles.At(own, 0.5));
            direct.Add(Percentiles.At(bare, 0.5));
        }
        for (var i = 0; i < wrapped.Count; i++) samples.Add("a verb's wrapper alone", wrapped[i] - direct[i]);
    }

    private static async Task<double> TimeAsync(StartedCluster cluster, string program, string verb, string room,
        IReadOnlyDictionary<string, string>? environment)
    {
        string[] words = [.. verb.Replace("NEW", room, StringComparison.Ordinal).Split(' '), "--server",
            string.Join(',', cluster.GrpcAddresses)];
        var began = Stopwatch.GetTimestamp();
        var done = await CliProcess.RunAsync(words, environment: environment, program: program);
        var ms = Stopwatch.GetElapsedTime(began).TotalMilliseconds;
        if (done.ExitCode is not (0 or 1)) throw new InvalidOperationException($"{verb}: {done.Errors}");
        return ms;
    }
}
