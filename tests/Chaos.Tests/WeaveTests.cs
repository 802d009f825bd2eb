using VideoScale.Chaos.Mutants;
using VideoScale.Chaos.Scenarios;
using VideoScale.Harness;

namespace VideoScale.Chaos.Tests;

/// <summary>Planted bugs keep their place in the sources, and the product has none.</summary>
public sealed class WeaveTests
{
    private const string Source = "a();\nb();\nb();\nc();\n";

    [Fact]
    public void A_file_of_seams_is_read_as_the_simulator_reads_it()
    {
        var seams = WeaveFile.Read(["Words.", "", "@ One.cs", "- a();", "+ if (x)", "+     a();", "- b();", "- c();", "+ d();", "",
            "@ Two.cs",
            "- gone();"]);
        Assert.Equal([new("One.cs", "a();", "if (x)\n    a();"), new("One.cs", "b();\nc();", "d();"), new("Two.cs", "gone();", "")], seams);
    }

    [Fact]
    public void What_is_there_once_is_replaced() =>
        Assert.Equal("A();\nb();\nd();\n", WeaveFile.Weave(Source, [new("x", "a();", "A();"), new("x", "b();\nc();", "d();")]));

    [Theory]
    [InlineData("b();")] // twice
    [InlineData("e();")] // not at all
    public void What_is_not_there_once_is_refused(string text) =>
        Assert.Throws<FormatException>(() => WeaveFile.Weave(Source, [new("x", text, "")]));

    [Fact]
    public void Every_seam_has_its_place_in_the_sources()
    {
        foreach (var file in MutantBuild.Seams.GroupBy(static seam => seam.File))
            Assert.NotEqual("", WeaveFile.Weave(File.ReadAllText(Repository.Path("src", file.Key)), file));
    }

    [Fact]
    public void Every_bug_that_is_looked_for_is_woven_and_looked_for_by_a_scenario_that_is_there()
    {
        Assert.True(Mutant.All.Count >= 12);
        Assert.All(Mutant.All, static mutant =>
        {
            Assert.Contains(mutant.Bug, MutantBuild.Bugs);
            Assert.NotNull(AllScenarios.Find(mutant.Words[0]));
        });
        Assert.Equal(Mutant.All.Count, Mutant.All.Select(static mutant => mutant.Bug).Distinct().Count());
    }

    [Fact]
    public void Every_bug_that_is_looked_for_is_in_the_documentation()
    {
        var page = File.ReadAllText(Repository.Path("docs", "chaos.md"));
        Assert.All(Mutant.All, mutant => Assert.Contains($"| `{mutant.Bug}` | {mutant.What} | `{string.Join(' ', mutant.Words)}` |", page,
            StringComparison.Ordinal));
    }

    [Fact]
    public void The_product_has_none() => Assert.All(Repository.Files("src", "*.cs"), static file =>
        Assert.DoesNotContain(MutantBuild.Variable, File.ReadAllText(Repository.Path(file)), StringComparison.Ordinal));
}
