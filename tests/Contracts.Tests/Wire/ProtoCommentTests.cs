using System.Text.RegularExpressions;
using VideoScale.Harness;

namespace VideoScale.Contracts.Tests.Wire;

public sealed partial class ProtoCommentTests
{
    private static readonly string[] Files = Directory.GetFiles(Repository.Path("src", "Contracts", "Wire", "videoscale", "v1"), "*.proto");

    [Fact]
    public void Every_service_method_field_and_enum_value_says_what_it_means()
    {
        var silent = Files.SelectMany(file => Uncommented(File.ReadAllLines(file)).Select(found => $"{Path.GetFileName(file)}:{found}"))
            .ToList();
        Assert.True(silent.Count == 0, "no comment in the line above:\n" + string.Join('\n', silent));
    }

    [Fact]
    public void The_check_reads_what_it_should() // or it could pass by seeing nothing
    {
        var found = Files.Sum(file => File.ReadAllLines(file).Count(line => NeedsComment().IsMatch(line)));
        Assert.True(found > 200, $"only {found} definitions were recognised");
        string[] bad = ["service A {", "  // Says.", "  rpc B(C) returns (D);", "  rpc E(F) returns (G);", "}", "message C {",
            "  repeated string x = 1;", "  // Says.", "  uint32 y = 2;", "}", "enum H {", "  H_A = 0;", "}"];
        Assert.Equal(["1 service A {", "4 rpc E(F) returns (G);", "7 repeated string x = 1;", "11 enum H {", "12 H_A = 0;"],
            Uncommented(bad));
    }

    private static IEnumerable<string> Uncommented(string[] lines)
    {
        for (var i = 0; i < lines.Length; i++)
            if (NeedsComment().IsMatch(lines[i]) && (i == 0 || !Comment().IsMatch(lines[i - 1]))) yield return $"{i + 1} {lines[i].Trim()}";
    }

    [GeneratedRegex(
        @"^\s*(service \w+|enum \w+|rpc \w+|oneof \w+|(optional |repeated )?[\w.]+(<[\w., ]+>)? \w+ = \d+|[A-Z][A-Z0-9_]* = \d+)\b")]
    private static partial Regex NeedsComment();

    [GeneratedRegex(@"^\s*// \S.*")]
    private static partial Regex Comment();
}
