using System.Text;
using System.Text.Json;
using VideoScale.Chaos.Timelines;

namespace VideoScale.Chaos.Report;

/// <summary>The page of one run: one file that needs no network.</summary>
public static class ReportPage
{
    private const string Place = "/*DATA*/null";

    public static string Of(TimelineData data)
    {
        using var stream = typeof(ReportPage).Assembly.GetManifestResourceStream("report.html")!;
        using var reader = new StreamReader(stream, Encoding.UTF8);
        // a text of the run must not end the script
        var json = JsonSerializer.Serialize(data, TimelineData.Json).Replace("</", "<\\/", StringComparison.Ordinal);
        return reader.ReadToEnd().Replace(Place, json, StringComparison.Ordinal);
    }
}
