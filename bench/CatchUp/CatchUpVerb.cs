using System.CommandLine;

namespace VideoScale.Bench.CatchUp;

internal static class CatchUpVerb
{
    internal static Command Create()
    {
        var megabytes = new Option<int>("--mb")
        {
            Description = "Size of the state, in MiB: how far the follower is behind.",
            DefaultValueFactory = _ => 1_024,
        };
        var cap = new Option<int>("--cap-mb")
        {
            Description = "Most that the snapshot takes of the network, in MiB per second; 0 for no cap.",
            DefaultValueFactory = _ => 24,
        };
        var disconnects = new Option<int>("--disconnects")
        {
            Description = "How often all connections to the follower break while it fetches.",
            DefaultValueFactory = _ => 10,
        };
        var rate = new Option<int>("--rate") { Description = "Writes per second, all the time.", DefaultValueFactory = _ => 400 };
        var seconds = new Option<int>("--seconds")
        {
            Description = "Time without the follower, for comparison.",
            DefaultValueFactory = _ => 20,
        };
        var directory = new Option<string>("--data")
        {
            Description = "Where the replicas live.",
            DefaultValueFactory = _ => ".build/bench",
        };
        var results = ResultsOption.Of("catchup");
        var command = new Command("catchup",
            "A follower that is far behind fetches a snapshot over a capped link that breaks again and again, while others write.")
        { megabytes, cap, disconnects, rate, seconds, directory, results };
        command.SetAction((parsed, cancellationToken) =>
            CatchUpBench.RunAsync(new CatchUpOptions(parsed.GetValue(megabytes), parsed.GetValue(cap), parsed.GetValue(disconnects),
            parsed.GetValue(rate), TimeSpan.FromSeconds(parsed.GetValue(seconds)), parsed.GetValue(directory)!, parsed.GetValue(results)!),
                cancellationToken));
        return command;
    }
}
