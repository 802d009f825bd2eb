using System.CommandLine;

namespace VideoScale.Bench.Consensus;

internal static class ConsensusVerb
{
    internal static Command Create()
    {
        var seconds = new Option<double>("--seconds") { Description = "Measured time of each run.", DefaultValueFactory = _ => 5 };
        var rounds = new Option<int>("--rounds")
        {
            Description = "Times that each system gets its turn; the median run counts.",
            DefaultValueFactory = _ => 3,
        };
        var inFlight = new Option<int[]>("--in-flight")
        {
            Description = "Operations in flight.",
            DefaultValueFactory = _ => [1, 32, 256],
            AllowMultipleArgumentsPerToken = true,
        };
        var directory = new Option<string>("--data")
        {
            Description = "Where the logs go; its disk is measured.",
            DefaultValueFactory = _ => ".build/bench",
        };
        var warmUp = new Option<double>("--warm-up")
        {
            Description = "Seconds that each system commits before anything is measured.",
            DefaultValueFactory = _ => 10,
        };
        var results = ResultsOption.Of("consensus");
        var noRooms = new Option<bool>("--no-rooms") { Description = "Leave CreateRoom through gRPC out." };
        var noEtcd = new Option<bool>("--no-etcd") { Description = "Leave etcd out." };
        var command = new Command("consensus", "Our engine against the disk it stands on, and against etcd.") { seconds, warmUp, rounds,
            inFlight, directory, results, noRooms, noEtcd };
        command.SetAction((parse, cancellationToken) => ConsensusBench.RunAsync(new ConsensusBenchOptions(
            TimeSpan.FromSeconds(parse.GetValue(seconds)), TimeSpan.FromSeconds(parse.GetValue(warmUp)), parse.GetValue(rounds),
                parse.GetValue(inFlight)!,
            parse.GetValue(directory)!, parse.GetValue(results)!, !parse.GetValue(noRooms), !parse.GetValue(noEtcd)), cancellationToken));
        return command;
    }
}
