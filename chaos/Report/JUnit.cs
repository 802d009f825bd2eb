using System.Globalization;
using System.Xml.Linq;
using VideoScale.Chaos.Scenarios;

namespace VideoScale.Chaos.Report;

/// <summary>A run as the XML that build servers read: a case for the run, and one for each law that was tested.</summary>
public static class JUnit
{
    public static string Of(ScenarioResult result)
    {
        var suite = $"chaos.{result.Scenario}";
        var whole = new XElement("testcase", new XAttribute("classname", suite), new XAttribute("name", $"seed {result.Seed}"));
        if (result.Violations.Count > 0)
            whole.Add(new XElement("failure", new XAttribute("message", $"{result.Violations.Count} violations"),
                string.Join('\n', result.Violations)));
        else if (result.Doubts.Count > 0)
            whole.Add(new XElement("error",
                new XAttribute("message", result.Verdict switch
                {
                    Verdict.NotLive => "something did not come back",
                    Verdict.Stopped => "it was stopped",
                    _ => "the run proves nothing",
                }),
                string.Join('\n', result.Doubts)));
        var laws = result.Laws.Select(law => new XElement("testcase", new XAttribute("classname", suite),
            new XAttribute("name", $"{law.Key} ({law.Value.ToString(CultureInfo.InvariantCulture)} times)"))).ToArray();
        return new XDocument(new XElement("testsuite", new XAttribute("name", suite), new XAttribute("tests", laws.Length + 1),
            new XAttribute("failures", result.Violations.Count > 0 ? 1 : 0),
            new XAttribute("errors", result.Violations.Count == 0 && result.Doubts.Count > 0 ? 1 : 0),
            whole, laws)).ToString() + "\n";
    }
}
