using System.Text.Json;
using VideoScale.Chaos.Faults;
using VideoScale.Chaos.Scenarios;
using VideoScale.Chaos.Timelines;
using VideoScale.Harness.Processes;

namespace VideoScale.Chaos.Tests;

/// <summary>
/// A run that is stopped in the middle of its faults: with a frozen process, a full disk on a loop device, and cut links.
/// </summary>
public sealed class StopTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("videoscale-stop-");

    public void Dispose()
    {
        if (_folder.Exists) _folder.Delete(recursive: true);
    }

    [Fact]
    public async Task Ctrl_C_ends_it_in_good_order_with_its_report()
    {
        using var harness = await StartAsync();
        Signals.SendTo(harness.Id, Signals.Interrupt);
        var (code, output) = await HarnessProgram.EndAsync(harness);
        Assert.True(code == (int)Verdict.Stopped, $"ended with {code}: {output}");
        using var result = JsonDocument.Parse(await File.ReadAllTextAsync(Kept(ScenarioRun.ResultName)));
        Assert.Equal("Stopped", result.RootElement.GetProperty("verdict").GetString());
        Assert.Contains("freeze the leader", await File.ReadAllTextAsync(Kept(Timeline.PageName)), StringComparison.Ordinal);
        Assert.Contains("it was stopped", await File.ReadAllTextAsync(Kept("junit.xml")), StringComparison.Ordinal);
        Assert.Equal("", Left());
        Assert.Empty(Directory.EnumerateFiles(_folder.FullName, "disk-*.img"));
    }

    [Fact]
    public async Task Nothing_outlives_a_harness_that_is_killed()
    {
        using var harness = await StartAsync();
        Assert.NotEqual("", Left());
        Signals.SendTo(harness.Id, Signals.Kill);
        await Eventually.HoldsAsync(() => Left().Length == 0, "nothing of the run is left", details: Left);
    }

    private string Kept(string name) => Path.Combine(_folder.FullName, name);

    /// <summary>A run whose faults are all in force.</summary>
    private async Task<System.Diagnostics.Process> StartAsync()
    {
        var file = Kept("given.json");
        new Schedule(1, 3, 1, [new FillDisk(0, 600_000, 1), new CutLinks(0, 600_000, "one-way", [[0, 2]]), new Freeze(100, 600_000, 0)])
            .WriteTo(file);
        var harness = HarnessProgram.Start("run", "swarm", "--schedule", file, "--busy", "25", "--out", _folder.FullName);
        await Eventually.HoldsAsync(() => harness.HasExited ? throw new InvalidOperationException($"it ended with {harness.ExitCode}")
            : Processes().Any(Signals.IsSuspended), "a replica is frozen");
        return harness;
    }

    /// <summary>What is still there of it: processes that name its folder, loop devices with its images.</summary>
    private string Left() => string.Join(", ", [.. Processes().Select(static pid => $"process {pid}"), .. LoopDevices()]);

    private IEnumerable<int> Processes() => ProcessTable.With(_folder.FullName).Select(static process => process.Pid);

    private IEnumerable<string> LoopDevices() =>
        from device in Directory.EnumerateDirectories("/sys/block", "loop*")
        where TextOf(Path.Combine(device, "loop", "backing_file")).Contains(_folder.FullName, StringComparison.Ordinal)
        select Path.GetFileName(device);

    private static string TextOf(string file)
    {
        try { return File.ReadAllText(file); }
        catch (IOException) { return ""; } // it has ended
    }
}
