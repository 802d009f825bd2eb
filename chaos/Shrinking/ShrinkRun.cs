using VideoScale.Chaos.Faults;
using VideoScale.Chaos.Running;
using VideoScale.Chaos.Scenarios;

namespace VideoScale.Chaos.Shrinking;

/// <summary>From the folder of a run that broke a law to the smallest schedule that still breaks it.</summary>
public static class ShrinkRun
{
    private const string Folder = "shrunk";

    /// <param name="tries">How often a smaller schedule is run before it counts as breaking nothing.</param>
    /// <param name="more">Further words for each run.</param>
    /// <returns>The exit code: 0 when there is a schedule that breaks the law, 2 when there is none to begin with or it broke nothing
    /// again.
    /// </returns>
    public static async Task<int> RunAsync(string directory, int tries, IReadOnlyList<string> more, CancellationToken cancellationToken)
    {
        var found = HarnessRun.Read(0, Path.Combine(directory, ScenarioRun.ResultName), "");
        if (found.Verdict != Verdict.Violation)
        {
            await Console.Error.WriteLineAsync($"chaos: {directory} holds no run that broke a law");
            return (int)Verdict.Invalid;
        }
        var whole = Schedule.ReadFrom(Path.Combine(directory, Schedule.FileName));
        var folder = Directory.CreateDirectory(Path.Combine(directory, Folder)).FullName;
        var run = 0;
        if (!await BreaksAsync(whole))
        {
            Console.WriteLine($"the whole schedule broke nothing in {tries} more runs: there is nothing to hold a smaller one against");
            return (int)Verdict.Invalid;
        }
        var smallest = await Shrinker.ShrinkAsync(whole, BreaksAsync);
        var file = Path.Combine(folder, Schedule.FileName);
        smallest.WriteTo(file);
        Console.WriteLine($"{smallest.Faults.Count} of {whole.Faults.Count} faults are left after {run} runs:\n{smallest.Words}\n"
            + $"./videoscale chaos run swarm --schedule {file}{string.Concat(more.Select(static word => $" {word}"))}");
        return 0;

        async Task<bool> BreaksAsync(Schedule schedule)
        {
            for (var i = 0; i < tries; i++)
            {
                var name = Path.Combine(folder, $"{++run}");
                var file = Path.Combine(Directory.CreateDirectory(name).FullName, Schedule.FileName);
                schedule.WriteTo(file);
                var outcome = await HarnessRun.RunAsync(["swarm", "--schedule", file, .. more], name, cancellationToken);
                var breaks = outcome.Verdict == Verdict.Violation
                    && (found.Broken.Count == 0 || outcome.Broken.Intersect(found.Broken).Any());
                Console.WriteLine($"run {run}: {schedule.Faults.Count} faults: {(breaks ? "broken" : $"{outcome.Verdict}")}");
                if (breaks) return true;
                Directory.Delete(name, recursive: true);
            }
            return false;
        }
    }
}
