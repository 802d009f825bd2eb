using VideoScale.Chaos.Scenarios;
using VideoScale.Chaos.Timelines;
using VideoScale.Chaos.Workloads;
using VideoScale.V1;

namespace VideoScale.Chaos.Tests;

/// <summary>What is left of a run, however it ended.</summary>
public sealed class ScenarioRunTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("videoscale-run-");

    public void Dispose() => _folder.Delete(recursive: true);

    [Theory]
    [InlineData(null, Verdict.Valid)]
    [InlineData("no leader came", Verdict.NotLive)]
    public async Task Result_and_page_are_kept_also_when_something_does_not_come_back(string? missing, Verdict verdict)
    {
        var result = await ScenarioRun.RunAsync(new Scripted(missing), new ScenarioOptions(Seed: 3, Rounds: 2, _folder.FullName),
            CancellationToken.None);
        Assert.Equal(verdict, result.Verdict);
        var page = await File.ReadAllTextAsync(Path.Combine(_folder.FullName, Timeline.PageName));
        Assert.Contains("./videoscale chaos run scripted --seed 3 --rounds 2", page, StringComparison.Ordinal);
        Assert.Contains($"\"verdict\":\"{verdict}\"", page, StringComparison.Ordinal);
        Assert.Contains("\"role\":\"leader\"", page, StringComparison.Ordinal);
        foreach (var name in (string[])["result.json", "junit.xml"])
            Assert.Equal(missing is not null, (await File.ReadAllTextAsync(Path.Combine(_folder.FullName, name)))
                .Contains(missing ?? "proves nothing", StringComparison.Ordinal));
    }

    private sealed class Scripted(string? missing) : IScenario
    {
        public string Name => "scripted";
        public string Summary => "";
        public int DefaultRounds => 1;
        public bool NeedsNamespaces => false;

        public Task RunAsync(ScenarioOptions options, ScenarioResult result, CancellationToken cancellationToken)
        {
            result.Timeline = new Timeline(1, [], [new ReplicaView(0, History.NowNs, ReplicaRole.Leader, 1, 0)], [], [], []);
            return missing is null ? Task.CompletedTask : throw new NotLiveException(missing);
        }
    }
}
