using System.CommandLine;
using VideoScale.Chaos.Campaigns;
using VideoScale.Chaos.Scenarios;

namespace VideoScale.Chaos.Commands;

/// <summary><c>chaos campaign</c>.</summary>
public static class CampaignCommand
{
    public static Command Create(CancellationToken stop)
    {
        var (seed, output, busy) = (CommonOptions.Seed(), CommonOptions.Out(), CommonOptions.Busy());
        var hours = new Option<double>("--hours") { Description = "how long runs are begun", DefaultValueFactory = _ => 1 };
        var rounds = new Option<int>("--rounds") { Description = "of each run; 0 for each scenario's default" };
        var only = new Option<string>("--scenarios") { Description = "some of them, with commas" };
        var keep = new Option<string>("--keep") { Description = "a results file for what was measured, as bench/results/chaos.json" };
        var campaign = new Command("campaign",
            "Runs all scenarios in turn with new seeds; --out of an earlier one makes it go on. Summary: campaign.html and campaign.json.")
        {
            hours, seed, output, busy, rounds, only, keep,
        };
        campaign.SetAction(async (parsed, _) =>
        {
            var names = parsed.GetValue(only)?.Split(',');
            if (names?.FirstOrDefault(static name => AllScenarios.Find(name) is null) is { } unknown)
            {
                await Console.Error.WriteLineAsync($"chaos: no scenario \"{unknown}\"; `chaos list` names them");
                return CommonOptions.Usage;
            }
            IScenario[] scenarios = [.. AllScenarios.List.Where(one => names is null || names.Contains(one.Name))];
            var directory = CommonOptions.Folder(parsed.GetValue(output));
            Directory.CreateDirectory(directory);
            string[] more = ["--busy", $"{parsed.GetValue(busy)}", "--rounds", $"{parsed.GetValue(rounds)}"];
            var state = await CampaignRun.RunAsync(scenarios, TimeSpan.FromHours(parsed.GetValue(hours)), parsed.GetValue(seed), directory,
                more, stop);
            Console.WriteLine($"{state.Runs.Count} runs: {state.Verdict}; {Path.Combine(directory, CampaignState.PageName)}");
            if (parsed.GetValue(keep) is { } file && state.Runs.Count > 0) CampaignRun.KeepIn(Path.GetFullPath(file), state);
            return (int)(stop.IsCancellationRequested ? Verdict.Stopped : state.Verdict);
        });
        return campaign;
    }
}
