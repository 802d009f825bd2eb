using System.Xml.Linq;
using VideoScale.Chaos.Report;
using VideoScale.Chaos.Scenarios;

namespace VideoScale.Chaos.Tests;

/// <summary>What build servers read of a run.</summary>
public sealed class JUnitTests
{
    private const string Broken = "replicas 0 and 1 lead in term 3 & \"more\" <than> that";

    [Fact]
    public void A_broken_law_is_a_failure_with_what_broke_it()
    {
        var result = new ScenarioResult { Scenario = "split-brain", Seed = 7 };
        result.Tested("one leader in a term", 3, [Broken]);
        Assert.Equal(("2", "1", "0"), Counts(result));
        var cases = XDocument.Parse(JUnit.Of(result)).Root!.Elements("testcase").ToArray();
        Assert.Equal(Broken, cases[0].Element("failure")!.Value);
        Assert.Equal("one leader in a term (3 times)", cases[^1].Attribute("name")!.Value);
    }

    [Fact]
    public void A_run_that_proves_nothing_is_an_error()
    {
        var result = new ScenarioResult { Scenario = "split-brain", Seed = 7 };
        result.DemandTested("one leader in a term", 1);
        Assert.Equal(("1", "0", "1"), Counts(result));
    }

    private static (string, string, string) Counts(ScenarioResult result)
    {
        var suite = XDocument.Parse(JUnit.Of(result)).Root!;
        return (suite.Attribute("tests")!.Value, suite.Attribute("failures")!.Value, suite.Attribute("errors")!.Value);
    }
}
