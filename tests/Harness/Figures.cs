using System.Text.RegularExpressions;

namespace VideoScale.Harness;

/// <summary>Names of figures: as a page calls them, in code's quotes, and as /metrics does.</summary>
public static partial class Figures
{
    public static IReadOnlySet<string> DocumentedBy(string page) =>
        Documented().Matches(File.ReadAllText(Repository.Path(page))).Select(match => match.Groups[1].Value)
            .ToHashSet(StringComparer.Ordinal);

    /// <param name="metrics">What /metrics answers.</param>
    public static IReadOnlySet<string> ExportedBy(string metrics) =>
        Exported().Matches(metrics).Select(match => match.Groups[1].Value).ToHashSet(StringComparer.Ordinal);

    [GeneratedRegex(@"^# TYPE (videoscale_\w+)", RegexOptions.Multiline)]
    private static partial Regex Exported();

    [GeneratedRegex(@"`(videoscale[_.](?!v1\b)[\w.]+)[`{]")]
    private static partial Regex Documented();
}
