using System.Globalization;
using System.Text.RegularExpressions;
using VideoScale.Harness;

namespace VideoScale.Architecture.Tests;

/// <summary>Test projects run beside each other on one loopback: the ports that one writes down are nobody else's.</summary>
public sealed partial class PortTests
{
    private static readonly string[] Alone = ["EndToEnd.Tests", "Harness"]; // the calls, and their stage, come last

    /// <summary>From a base port on, ten of each kind, as in src/Cli/Up/Ports.cs.</summary>
    private static readonly (int First, int Last)[] OfACluster =
        [(0, 9), (100, 109), (200, 209), (300, 309), (500, 509), (590, 591), (600, 679)];

    [Fact]
    public void Test_projects_have_no_ports_in_common()
    {
        var taken = Repository.Files("tests", "*.cs").Where(file => !Alone.Contains(Project(file))).SelectMany(Taken).ToArray();
        Assert.True(taken.Length > 100, "the search found too few ports to mean anything");
        Assert.Empty(from one in taken
                     from other in taken
                     where string.CompareOrdinal(one.Project, other.Project) < 0 && one.First <= other.Last && other.First <= one.Last
                     select $"{one.Project}: {one.Name} has {one.First}, {other.Project}: {other.Name} {other.First}");
    }

    private static string Project(string file) => file.Split('/')[1];

    private static IEnumerable<(string Project, string Name, int First, int Last)> Taken(string file) =>
        from match in Ports().Matches(File.ReadAllText(Repository.Path(file)))
        let name = match.Groups["name"].Value
        let port = int.Parse(match.Groups["port"].Value.Replace("_", "", StringComparison.Ordinal), CultureInfo.InvariantCulture)
        from range in name switch
        {
            "BasePort" or "UpBase" => OfACluster,
            "Clusters" => [(0, 299)],
            "FakeReplicas" => [(0, 39)],
            _ => (IReadOnlyList<(int First, int Last)>)[(0, 0)],
        }
        select (Project(file), name, port + range.First, port + range.Last);

    [GeneratedRegex(@"\b(?<name>\w*(?:Port|Base|PortBase|Clusters|FakeReplicas|Nodes)) = (?<port>[12][0-9]_[0-9]{3})\b")]
    private static partial Regex Ports();
}
