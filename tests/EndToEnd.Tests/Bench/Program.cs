using VideoScale.EndToEnd.Tests.Browsers;
using VideoScale.Harness.Results;

namespace VideoScale.EndToEnd.Tests.Bench;

/// <summary><c>./dev bench calls</c>: the stage of the tests, driven for its figures.</summary>
internal static class Program
{
    private const string Usage =
        "usage: ./dev bench calls [--rounds N] [--only joins,chromium,firefox,moves,node,one-url,balanced,absent,abuser,outage] "
        + "[--outage-seconds 60] [--abuser-seconds 60] [--results FILE]";
    private const int WrongUsage = 254; // as ./dev
    private static readonly string[] Parts = ["joins", "chromium", "firefox", "moves", "node", "one-url", "balanced", "absent", "abuser",
        "outage"];

    private static async Task<int> Main(string[] args)
    {
        var options = new Dictionary<string, string>
        {
            ["--rounds"] = "5",
            ["--only"] = string.Join(',', Parts),
            ["--outage-seconds"] = "60",
            ["--abuser-seconds"] = "60",
            ["--results"] = "bench/results/calls.json"
        };
        for (var i = 0; i < args.Length; i += 2)
        {
            if (!options.ContainsKey(args[i]) || i + 1 == args.Length) return Refuse();
            options[args[i]] = args[i + 1];
        }
        var only = options["--only"].Split(',');
        if (!int.TryParse(options["--rounds"], out var rounds) || rounds < 1 || !int.TryParse(options["--outage-seconds"], out var outage)
            || outage < 1
            || !int.TryParse(options["--abuser-seconds"], out var abuser) || abuser < 1 || only.Except(Parts).Any()) return Refuse();
        var stage = new Stage();
        await stage.InitializeAsync();
        try
        {
            foreach (var part in only)
            {
                var recorder = RunRecorder.Begin(part).Set("rounds", rounds);
                var figures = part switch
                {
                    "joins" => await new JoinBench(stage).RunAsync(rounds),
                    "moves" => await new MoveBench(stage).MovesAsync(rounds),
                    "node" => await new MoveBench(stage).NodeKillsAsync(rounds),
                    "chromium" => await new BrowserBench(stage).RunAsync(BrowserKind.Chromium, rounds),
                    "firefox" => await new BrowserBench(stage).RunAsync(BrowserKind.Firefox, rounds),
                    "one-url" => await new GatewayBench(stage).OneUrlAsync(rounds),
                    "balanced" => await new GatewayBench(stage).BalancedAsync(rounds),
                    "absent" => await new AbsentBench(stage).RunAsync(rounds),
                    "abuser" => await new AbuserBench(stage).RunAsync(TimeSpan.FromSeconds(abuser)),
                    _ => await new OutageBench(stage).NoControlPlaneAsync(TimeSpan.FromSeconds(outage)),
                };
                figures.KeepIn(options["--results"], part, recorder); // whatever comes after: what was measured is kept
            }
            return 0;
        }
        finally { await stage.DisposeAsync(); }
    }

    private static int Refuse()
    {
        Console.Error.WriteLine(Usage);
        return WrongUsage;
    }
}
