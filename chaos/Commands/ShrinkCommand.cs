using System.CommandLine;
using VideoScale.Chaos.Shrinking;

namespace VideoScale.Chaos.Commands;

/// <summary><c>chaos shrink</c>.</summary>
public static class ShrinkCommand
{
    public static Command Create(CancellationToken stop)
    {
        var folder = new Argument<DirectoryInfo>("folder") { Description = "of a run of swarm that broke a law" };
        var tries = new Option<int>("--tries")
        {
            Description = "runs of a smaller schedule before it counts as breaking nothing",
            DefaultValueFactory = _ => 2,
        };
        var busy = CommonOptions.Busy();
        var shrink = new Command("shrink", "Leaves out faults of a run while a law is still broken, down to the smallest schedule.")
        {
            folder, tries, busy,
        };
        shrink.SetAction(async (parsed, _) =>
        {
            try
            {
                return await ShrinkRun.RunAsync(parsed.GetValue(folder)!.FullName, Math.Max(1, parsed.GetValue(tries)),
                    ["--busy", $"{parsed.GetValue(busy)}"], stop);
            }
            catch (OperationCanceledException) { return (int)Scenarios.Verdict.Stopped; }
            catch (FormatException e)
            {
                await Console.Error.WriteLineAsync($"chaos: {e.Message}");
                return CommonOptions.Usage;
            }
        });
        return shrink;
    }
}
