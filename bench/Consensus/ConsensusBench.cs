namespace VideoScale.Bench.Consensus;

internal sealed record ConsensusBenchOptions(TimeSpan Duration, int Rounds, int[] InFlight, string Directory);

internal static class ConsensusBench
{
    internal static async Task<int> RunAsync(ConsensusBenchOptions options, CancellationToken cancellationToken)
    {
        var root = Path.GetFullPath(options.Directory);
        if (Directory.Exists(root)) Directory.Delete(root, recursive: true);
        Directory.CreateDirectory(root);
        await using var engine = new EngineSystem(root, 256);
        await engine.StartAsync(cancellationToken);
        foreach (var inFlight in options.InFlight)
        {
            var m = await Measurement.TakeAsync(engine, inFlight, TimeSpan.FromSeconds(1), options.Duration, cancellationToken);
            Console.WriteLine(m);
        }
        return 0;
    }
}
