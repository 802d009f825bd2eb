using System.CommandLine;

namespace VideoScale.Bench.StunFlood;

internal static class StunFloodVerb
{
    internal static Command Create()
    {
        var rate = new Option<int>("--rate") { Description = "Forged checks a second.", DefaultValueFactory = _ => 50_000 };
        var packets = new Option<int>("--packets") { Description = "Packets a second of the call.", DefaultValueFactory = _ => 500 };
        var seconds = new Option<double>("--seconds") { Description = "Length of each phase.", DefaultValueFactory = _ => 10 };
        var results = ResultsOption.Of("stun-flood");
        var command = new Command("stun-flood", "What a flood of forged ICE checks from one address costs a call in progress.") { rate,
            packets, seconds, results };
        command.SetAction(parse => StunFloodBench.Run(new StunFloodOptions(parse.GetValue(rate), parse.GetValue(packets),
            parse.GetValue(seconds), parse.GetValue(results)!)));
        return command;
    }
}
