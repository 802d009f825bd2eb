using System.Globalization;
using System.Net;
using System.Text;
using VideoScale.Chaos.Scenarios;

namespace VideoScale.Chaos.Campaigns;

/// <summary>A campaign on one page that needs no network: scenarios, and below them every run that was not as it should be.</summary>
public static class CampaignPage
{
    private const string Style = "body{font:14px/1.5 system-ui,sans-serif;margin:20px 26px 60px;color-scheme:light dark}"
        + "table{border-collapse:collapse;font-variant-numeric:tabular-nums}td,th{padding:3px 22px 3px 0;border-bottom:1px solid #8884;"
        + "text-align:left;vertical-align:top}.bad{color:#cf3d32}.warn{color:#c98a10}.good{color:#16966b}";

    public static string Of(CampaignState campaign)
    {
        var page = new StringBuilder("<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n<title>Chaos campaign</title>\n")
            .Append(CultureInfo.InvariantCulture, $"<style>{Style}</style>\n<h1>Chaos campaign: {campaign.Runs.Count} runs, ")
            .Append(CultureInfo.InvariantCulture, $"{Marked(campaign.Verdict)}</h1>\n")
            .Append("<table>\n<tr><th>scenario<th>runs<th>all held<th>violations<th>not live<th>prove nothing<th>seeds<th>minutes</tr>\n");
        foreach (var runs in campaign.Runs.GroupBy(static run => run.Scenario))
        {
            int Count(Verdict verdict) => runs.Count(run => run.Verdict == verdict);
            var rest = runs.Count() - Count(Verdict.Valid) - Count(Verdict.Violation) - Count(Verdict.NotLive);
            page.Append(CultureInfo.InvariantCulture, $"<tr><td>{Text(runs.Key)}<td>{runs.Count()}<td>{Count(Verdict.Valid)}")
                .Append(CultureInfo.InvariantCulture, $"<td>{Count(Verdict.Violation)}<td>{Count(Verdict.NotLive)}<td>{rest}")
                .Append(CultureInfo.InvariantCulture, $"<td>{runs.Min(static run => run.Seed)} to {runs.Max(static run => run.Seed)}")
                .Append(CultureInfo.InvariantCulture, $"<td>{runs.Sum(static run => run.Seconds) / 60:0.0}</tr>\n");
        }
        page.Append("</table>\n<h2>Runs in which not all held</h2>\n<table>\n")
            .Append("<tr><th>scenario<th>seed<th>verdict<th>what<th>load<th>files</tr>\n");
        foreach (var run in campaign.Runs.Where(static run => run.Verdict != Verdict.Valid))
            page.Append(CultureInfo.InvariantCulture, $"<tr><td>{Text(run.Scenario)}<td>{run.Seed}<td>{Marked(run.Verdict)}")
                .Append(CultureInfo.InvariantCulture, $"<td>{string.Join("<br>", run.Said.Select(Text))}<td>{run.Load:0.0}")
                .Append(CultureInfo.InvariantCulture, $"<td>{Text(run.Folder ?? "")}</tr>\n");
        return page.Append("</table>\n</html>\n").ToString();
    }

    private static string Marked(Verdict? verdict)
    {
        var kind = verdict switch
        {
            Verdict.Valid => "good",
            Verdict.Violation or Verdict.NotLive => "bad",
            _ => "warn",
        };
        return $"<span class=\"{kind}\">{verdict?.ToString() ?? "fault of the harness"}</span>";
    }

    private static string Text(string text) => WebUtility.HtmlEncode(text);
}
