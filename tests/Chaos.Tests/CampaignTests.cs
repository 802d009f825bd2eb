using VideoScale.Chaos.Campaigns;
using VideoScale.Chaos.Running;
using VideoScale.Chaos.Scenarios;

namespace VideoScale.Chaos.Tests;

/// <summary>What a campaign does next, and what is left of it.</summary>
public sealed class CampaignTests : IDisposable
{
    private static readonly IScenario[] Scenarios = [.. AllScenarios.List.Take(3)];
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("videoscale-campaign-");

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    public void Scenarios_take_turns_with_new_seeds_and_go_on_where_they_were()
    {
        var ran = new List<(string, int)>();
        for (var i = 0; i < 7; i++)
        {
            var state = CampaignState.ReadFrom(_folder.FullName, firstSeed: 10); // as after an end in between
            var (scenario, seed) = state.Next(Scenarios);
            ran.Add((scenario.Name, seed));
            state.With(Entry(scenario.Name, seed, Verdict.Valid)).WriteTo(_folder.FullName);
        }
        string[] names = [.. Scenarios.Select(static one => one.Name)];
        Assert.Equal([(names[0], 10), (names[1], 10), (names[2], 10), (names[0], 11), (names[1], 11), (names[2], 11), (names[0], 12)], ran);
    }

    [Theory]
    [InlineData(Verdict.Valid, Verdict.Valid)]
    [InlineData(Verdict.Invalid, Verdict.Invalid, Verdict.Valid)]
    [InlineData(Verdict.NotLive, Verdict.Invalid, Verdict.NotLive)]
    [InlineData(Verdict.Violation, Verdict.NotLive, Verdict.Violation, Verdict.Valid)]
    public void It_came_to_the_gravest_of_its_runs(Verdict expected, params Verdict[] verdicts) =>
        Assert.Equal(expected, verdicts.Aggregate(new CampaignState(1, []), static (state, one) => state.With(Entry("x", 1, one))).Verdict);

    [Fact]
    public void No_run_and_a_harness_that_failed_are_nothing_to_rely_on()
    {
        Assert.Equal(Verdict.Invalid, new CampaignState(1, []).Verdict);
        Assert.Equal(Verdict.Invalid, new CampaignState(1, [Entry("x", 1, null)]).Verdict);
    }

    [Fact]
    public void The_page_shows_what_was_not_as_it_should_be()
    {
        new CampaignState(1, [Entry("swarm", 1, Verdict.Valid), Entry("swarm", 2, Verdict.Violation)]).WriteTo(_folder.FullName);
        var page = File.ReadAllText(Path.Combine(_folder.FullName, CampaignState.PageName));
        Assert.Contains("2 runs", page, StringComparison.Ordinal);
        Assert.Contains("two &lt;leaders&gt;", page, StringComparison.Ordinal);
    }

    private static CampaignEntry Entry(string scenario, int seed, Verdict? verdict) => CampaignState.EntryOf(scenario, seed,
        DateTimeOffset.UnixEpoch, 1, new HarnessOutcome(0, verdict, [], verdict == Verdict.Violation ? ["two <leaders>"] : [], [],
        new Dictionary<string, double>(), ""), null);
}
