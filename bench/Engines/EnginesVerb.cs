using System.CommandLine;

namespace VideoScale.Bench.Engines;

internal static class EnginesVerb
{
    internal static Command Create()
    {
        var seconds = new Option<double>("--seconds") { Description = "Measured time of each run.", DefaultValueFactory = _ => 5 };
        var rounds = new Option<int>("--rounds") { Description = "Turns of each; the median counts.", DefaultValueFactory = _ => 3 };
        var inFlight = new Option<int[]>("--in-flight")
        {
            Description = "Operations in flight.",
            DefaultValueFactory = _ => [1, 32, 256],
            AllowMultipleArgumentsPerToken = true,
        };
        var kills = new Option<int>("--kills") { Description = "Leaders killed of each engine; 0: none.", DefaultValueFactory = _ => 5 };
        var directory = new Option<string>("--data") { Description = "Where the logs go.", DefaultValueFactory = _ => ".build/engines" };
        var warmUp = new Option<double>("--warm-up") { Description = "Seconds before anything is measured.", DefaultValueFactory = _ => 5 };
        var noEtcd = new Option<bool>("--no-etcd") { Description = "Leave etcd's own Put out." };
        var results = ResultsOption.Of("engines");
        var command = new Command("engines", "The engines behind the seam, side by side, and etcd's own Put.")
        { seconds, warmUp, rounds, inFlight, kills, directory, results, noEtcd };
        command.SetAction((parse, cancellationToken) => EnginesBench.RunAsync(new EnginesBenchOptions(
            TimeSpan.FromSeconds(parse.GetValue(seconds)), TimeSpan.FromSeconds(parse.GetValue(warmUp)), parse.GetValue(rounds),
            parse.GetValue(inFlight)!, parse.GetValue(kills), parse.GetValue(directory)!, parse.GetValue(results)!,
            !parse.GetValue(noEtcd)), cancellationToken));
        return command;
    }
}
