using VideoScale.Consensus.Core;
using VideoScale.Simulation.Running;

namespace VideoScale.Simulation;

/// <summary><c>./dev sim</c>.</summary>
internal static class Program
{
    private static int Main(string[] args)
    {
        try
        {
            return args switch
            {
                ["mutants", .. var rest] => MutantsCommand.Run(new Arguments(rest)),
                ["replay", var file, .. var rest] => ReplayCommand.Run(file, new Arguments(rest)),
                ["hash", .. var seeds] => HashCommand.Run(seeds),
                ["list"] => ListCommand.Run(),
                ["run", .. var rest] => CampaignCommand.Run(new Arguments(rest)),
                _ => CampaignCommand.Run(new Arguments(args)),
            };
        }
        catch (UsageException e)
        {
            Console.Error.WriteLine(e.Message);
            Console.Error.WriteLine("""
                usage: ./dev sim [--seeds N] [--seed S] [--time 60s] [--jobs 2] [--product Journal|ControlPlane] [--only CLASS[,CLASS]] [--classes] [--membership] [--trace] [--json] [--results FILE] [--keep]
                       ./dev sim mutants [--only BUG] [--runs 5] [--seeds 2000] [--results FILE] [--keep]
                       ./dev sim replay FILE [--trace]
                       ./dev sim list
                """);
            return ExitCode.Usage;
        }
    }
}
