using System.CommandLine;
using VideoScale.Harness.Browsers;
using VideoScale.Harness.Results;

namespace VideoScale.Bench.Calls;

/// <summary><c>bench calls</c>: stock clients on the stage of the end-to-end tests.</summary>
internal static class CallsVerb
{
    private static readonly string[] Parts = ["joins", "chromium", "firefox", "moves", "node", "one-url", "balanced", "absent", "abuser",
        "outage"];

    internal static Command Create()
    {
        var rounds = new Option<int>("--rounds") { Description = "How often each thing is done.", DefaultValueFactory = _ => 5 };
        var only = new Option<string[]>("--only")
        {
            Description = $"Parts to measure, of {string.Join(", ", Parts)}.",
            DefaultValueFactory = _ => Parts,
            AllowMultipleArgumentsPerToken = true,
            CustomParser = parsed => [.. parsed.Tokens.SelectMany(token => token.Value.Split(','))],
        };
        only.Validators.Add(parsed =>
        {
            foreach (var unknown in parsed.GetValueOrDefault<string[]>()?.Except(Parts) ?? [])
                parsed.AddError($"there is no part \"{unknown}\"");
        });
        var outage = new Option<int>("--outage-seconds") { Description = "How long no replica lives.", DefaultValueFactory = _ => 60 };
        var abuser = new Option<int>("--abuser-seconds") { Description = "How long the abuser goes on.", DefaultValueFactory = _ => 60 };
        var results = ResultsOption.Of("calls");
        var command = new Command("calls", "Joins, moves, kills and outages on stock clients: Chromium, Firefox, rtc-node.") { rounds, only,
            outage, abuser, results };
        command.SetAction(parsed => RunAsync(parsed.GetValue(rounds), parsed.GetValue(only)!, TimeSpan.FromSeconds(parsed.GetValue(outage)),
            TimeSpan.FromSeconds(parsed.GetValue(abuser)), parsed.GetValue(results)!));
        return command;
    }

    private static async Task<int> RunAsync(int rounds, string[] parts, TimeSpan outage, TimeSpan abuser, string results)
    {
        var stage = new Stage();
        try
        {
            await stage.InitializeAsync();
            foreach (var part in parts)
            {
                var recorder = RunRecorder.Begin(part).Set("rounds", rounds);
                if (part is "outage") recorder.Set("outage_seconds", outage.TotalSeconds);
                if (part is "abuser") recorder.Set("abuser_seconds", abuser.TotalSeconds);
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
                    "abuser" => await new AbuserBench(stage).RunAsync(abuser),
                    _ => await new OutageBench(stage).NoControlPlaneAsync(outage),
                };
                Console.WriteLine(part);
                figures.AddTo(recorder);
                recorder.KeepIn(results); // whatever comes after: what was measured is kept
            }
            return 0;
        }
        finally { await stage.DisposeAsync(); }
    }
}
