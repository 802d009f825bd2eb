using VideoScale.Bench.Engines;
using VideoScale.Consensus.Engine;
using VideoScale.Harness.Results;

namespace VideoScale.Bench.Consensus;

/// <param name="WarmUp">Before the first run each system commits for this long at the highest load, so that buffers have grown and code is
/// compiled.</param>
internal sealed record ConsensusBenchOptions(TimeSpan Duration, TimeSpan WarmUp, int Rounds, int[] InFlight, string Directory,
    string Results, bool WithRooms, bool WithEtcd);

/// <summary>All systems run the whole time and take turns, so that what the machine does meanwhile meets each of them alike.</summary>
internal static class ConsensusBench
{
    private const int PayloadBytes = 256;

    internal static async Task<int> RunAsync(ConsensusBenchOptions options, CancellationToken cancellationToken)
    {
        var root = Path.GetFullPath(options.Directory);
        if (Directory.Exists(root)) Directory.Delete(root, recursive: true);
        Directory.CreateDirectory(root);
        var recorder = RunRecorder.Begin();
        Console.WriteLine("measuring disk and loopback …");
        var calibration = Calibration.Take(root, TimeSpan.FromSeconds(2));
        var systems = new List<ISystem> { new SeamSystem(root, PayloadBytes, new RaftEngine(tls: null), "engine") };
        if (options.WithRooms) systems.Add(new RoomsSystem(root, PayloadBytes));
        if (options.WithEtcd) systems.Add(new EtcdSystem(root, PayloadBytes));
        var runs = new List<Measurement>();
        try
        {
            foreach (var system in systems)
            {
                await system.StartAsync(cancellationToken);
                Console.WriteLine($"warming up {system.Name} …");
                await Measurement.TakeAsync(system, options.InFlight.Max(), TimeSpan.Zero, options.WarmUp, cancellationToken);
            }
            foreach (var inFlight in options.InFlight)
            {
                for (var round = 1; round <= options.Rounds; round++)
                {
                    foreach (var system in systems)
                    {
                        var run = await Measurement.TakeAsync(system, inFlight, TimeSpan.FromSeconds(1), options.Duration,
                            cancellationToken);
                        var refused = run.Errors == 0 ? "" : $", {run.Errors:N0} refused ({system.LastRefusal ?? "no reason given"})";
                        Console.WriteLine($"  round {round}, {inFlight,3} in flight, {run.System}: {run.OpsPerSecond:N0}/s{refused}");
                        runs.Add(run);
                    }
                }
            }
        }
        finally
        {
            foreach (var system in systems) await system.DisposeAsync();
        }
        ConsensusReport.Keep(recorder, calibration, runs, options);
        Directory.Delete(root, recursive: true);
        return runs.TrueForAll(run => run.OpsPerSecond > 0) ? 0 : 1;
    }
}
