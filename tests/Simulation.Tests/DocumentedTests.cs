using VideoScale.Harness;
using VideoScale.Simulation.Running;
using VideoScale.Simulation.Seams;

namespace VideoScale.Simulation;

public sealed class DocumentedTests
{
    [Fact]
    public void Every_coverage_mark_and_planted_bug_is_in_the_documentation()
    {
        var page = File.ReadAllText(Repository.Path("docs", "consensus.md"));
        Assert.All(Enum.GetNames<Mark>(), name => Assert.Contains($"`{name}`", page, StringComparison.Ordinal));
        Assert.All(Enum.GetNames<Bug>().Where(name => name != nameof(Bug.None)),
            name => Assert.Contains($"`{name}`", page, StringComparison.Ordinal));
    }

    [Fact]
    public void Every_coverage_mark_and_planted_bug_says_what_it_is()
    {
        Assert.All(Enum.GetValues<Mark>(), mark => Assert.NotEmpty(ListCommand.Words(mark)));
        Assert.All(Enum.GetValues<Bug>().Where(bug => bug != Bug.None), bug => Assert.NotEmpty(ListCommand.Words(bug)));
    }
}
