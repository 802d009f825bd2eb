using System.Text.RegularExpressions;
using VideoScale.ControlPlane.Tests.HostTests;
using VideoScale.TestKit;

namespace VideoScale.ControlPlane.Tests.Observability;

public sealed partial class MetricNameTests
{
    [Fact]
    public async Task What_the_pages_call_a_figure_is_what_metrics_call_it()
    {
        await using var replica = await FakeReplica.StartAsync();
        using var http = new HttpClient();
        var exported = await http.GetStringAsync($"http://127.0.0.1:{replica.Options.HttpPort}/metrics");
        var names = Exported().Matches(exported).Select(match => match.Groups[1].Value).ToHashSet(StringComparer.Ordinal);
        Assert.True(names.Count > 20, exported);
        Assert.DoesNotContain(names, name => name.LastIndexOf("videoscale", StringComparison.Ordinal) > 0);
        // Of a replica: a media node counts by another library, and certificates are only watched where there are some.
        var documented = Repository.Files("docs", "*.md").SelectMany(page => Documented().Matches(File.ReadAllText(Repository.Path(page))).Select(match => match.Groups[1].Value))
            .Where(name => !name.StartsWith("videoscale_media_", StringComparison.Ordinal) && !name.StartsWith("videoscale_certificate_", StringComparison.Ordinal)).Distinct().ToList();
        Assert.True(documented.Count > 10, "the pages name figures");
        Assert.DoesNotContain(documented, name => !names.Contains(name));
    }

    [GeneratedRegex(@"^# TYPE (videoscale_\w+)", RegexOptions.Multiline)]
    private static partial Regex Exported();

    [GeneratedRegex(@"`(videoscale_\w+)[`{]")]
    private static partial Regex Documented();
}
