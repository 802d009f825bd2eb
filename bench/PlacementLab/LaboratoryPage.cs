using System.Globalization;
using System.Net;
using System.Text;
using VideoScale.Bench.PlacementLab.Fleet;
using VideoScale.Harness.Results;

namespace VideoScale.Bench.PlacementLab;

/// <summary>The page: a drawing for each scenario. It needs nothing but itself.</summary>
internal sealed class LaboratoryPage
{
    private const int Width = 1_000, BarHeight = 22, NameWidth = 320, Tall = 220, Left = 46;
    private const string Sheet = """
        body { margin: 0; background: #f5f7fa; color: #1c2430; font: 15px/1.45 system-ui, sans-serif }
        main { max-width: 1060px; margin: 0 auto; padding: 28px 20px 80px } h1 { font-size: 26px } h2 { font-size: 19px; margin: 36px 0 8px }
        p { color: #4d5a6d; max-width: 880px } section { background: #fff; border: 1px solid #e3e8ef; border-radius: 8px; padding: 12px 16px; overflow-x: auto }
        table { border-collapse: collapse; font-variant-numeric: tabular-nums; font-size: 13px; margin-top: 10px } td, th { padding: 3px 12px 3px 0; text-align: right; white-space: nowrap } td:first-child, th:first-child { text-align: left }
        th { color: #647084; font-weight: 600 } svg { display: block; max-width: 100% } .ours td:first-child { font-weight: 600 }
        """;

    private static readonly string[] Colours = ["#2563c9", "#d1495b", "#e0a100", "#2a9d5c", "#8a63d2"];
    private readonly List<(string Part, List<List<Outcome>> Outcomes)> _parts = [];

    internal void Add(string part, List<List<Outcome>> outcomes) => _parts.Add((part, outcomes));

    internal void Write(string file)
    {
        var page = new StringBuilder($"""
            <!doctype html>
            <html lang="en"><head><meta charset="utf-8"><title>VideoScale: placement laboratory</title><style>{Sheet}</style></head><body><main>
            <h1>Placement laboratory</h1>
            <p>Made-up days of 18,000 rooms in virtual time (no public trace joins size, duration and arrival), the product's own code beside what others do. Bars: share of
            participant-minutes spent on a node over 85 % of its capacity, the median of the seeds; the line spans the least and the greatest. Less is better.</p>

            """);
        foreach (var (part, outcomes) in _parts.AsEnumerable().Reverse())
        {
            page.Append($"<h2>{E(part)}</h2><section>").Append(Bars(outcomes));
            if (part is "fixed fleet")
                page.Append(Lines(outcomes, sample => sample.Max, "use of the fullest node over the day, first seed", 1.5));
            if (part is "elastic day")
                page.Append(Lines(outcomes, sample => sample.Nodes, "nodes over the day, first seed", 0));
            page.Append(Table(outcomes)).Append("</section>\n");
        }
        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(file))!);
        File.WriteAllText(file, page.Append("</main></body></html>\n").ToString());
    }

    private static string Bars(List<List<Outcome>> outcomes)
    {
        var most = Math.Max(0.01, outcomes.Max(runs => runs.Max(run => run.OverloadShare)));
        double X(double share) => NameWidth + share / most * (Width - NameWidth - 90);
        var svg = new StringBuilder(Begin(outcomes.Count * BarHeight + 6));
        var y = 2;
        foreach (var runs in outcomes.OrderBy(Middle))
        {
            var (middle, least, greatest) = (Middle(runs), runs.Min(run => run.OverloadShare), runs.Max(run => run.OverloadShare));
            var (weight, fill) = IsOurs(runs[0]) ? ("bold", "#2563c9") : ("normal", "#a9b4c4");
            svg.Append($"<text x='{NameWidth - 8}' y='{y + 15}' text-anchor='end' font-weight='{weight}'>{E(runs[0].Name)}</text>")
                .Append($"<rect x='{NameWidth}' y='{y + 3}' width='{N(X(middle) - NameWidth)}' height='{BarHeight - 7}' fill='{fill}'/>")
                .Append($"<line x1='{N(X(least))}' x2='{N(X(greatest))}' y1='{y + 10}' y2='{y + 10}' stroke='#1c2430'/>")
                .Append($"<text x='{N(X(greatest) + 6)}' y='{y + 15}'>{Number(100 * middle, "0.00")} %</text>");
            y += BarHeight;
        }
        return svg.Append("</svg>").ToString();
    }

    private static string Lines(List<List<Outcome>> outcomes, Func<Sample, double> of, string title, double high)
    {
        var drawn = outcomes.Select(runs => runs[0])
            .Where(run => high == 0 || IsOurs(run) || run.Name is "round robin" or "LiveKit cpuload, two choices").Take(Colours.Length)
            .ToList();
        if (high == 0) high = drawn.Max(run => run.Samples.Max(of));
        double X(double hour) => Left + hour / 24 * (Width - Left - 30);
        double Y(double value) => 24 + (Tall - 24) * (1 - Math.Min(1, value / high));
        var svg = new StringBuilder(Begin(Tall + 40 + drawn.Count * 16)).Append($"<text x='{Left}' y='14'>{E(title)}</text>");
        for (var step = 0; step <= 4; step++)
        {
            var y = Y(high * step / 4);
            svg.Append($"<line x1='{Left}' x2='{Width}' y1='{N(y)}' y2='{N(y)}' stroke='#e3e8ef'/>")
                .Append($"<text x='{Left - 6}' y='{N(y + 4)}' text-anchor='end'>{N(high * step / 4)}</text>");
        }
        for (var hour = 0; hour <= 24; hour += 3) svg.Append($"<text x='{N(X(hour))}' y='{Tall + 14}'>{hour} h</text>");
        for (var i = 0; i < drawn.Count; i++)
        {
            var points = string.Join(' ', drawn[i].Samples.Select(sample => $"{N(X(sample.Hour))},{N(Y(of(sample)))}"));
            svg.Append($"<polyline fill='none' stroke='{Colours[i]}' stroke-width='1.2' points='{points}'/>")
                .Append($"<rect x='{Left}' y='{Tall + 24 + i * 16}' width='10' height='10' fill='{Colours[i]}'/>")
                .Append($"<text x='{Left + 16}' y='{Tall + 33 + i * 16}'>{E(drawn[i].Name)}</text>");
        }
        return svg.Append("</svg>").ToString();
    }

    private static string Begin(int height) =>
        $"<svg viewBox='0 0 {Width} {height}' width='{Width}' font-size='12' font-family='sans-serif'>";

    private static string Table(List<List<Outcome>> outcomes)
    {
        var table = new StringBuilder("<table><tr><th>median of seeds</th><th>over 85 %</th><th>max/mean</th><th>node-hours</th>")
            .Append("<th>moves a person</th><th>waited</th><th>not let in</th></tr>");
        foreach (var runs in outcomes.OrderBy(Middle))
        {
            table.Append($"<tr class='{(IsOurs(runs[0]) ? "ours" : "")}'><td>{E(runs[0].Name)}</td>");
            string[] cells =
            [
                Of(runs, run => 100 * run.OverloadShare, "0.00") + " %", Of(runs, run => run.MaxToMean, "0.00"),
                Of(runs, run => run.NodeHours, "0"), Of(runs, run => run.MovedPerPerson, "0.000"), Of(runs, run => run.Waited, "0"),
                Of(runs, run => run.Rejected, "0"),
            ];
            foreach (var cell in cells) table.Append($"<td>{cell}</td>");
            table.Append("</tr>");
        }
        return table.Append("</table>").ToString();
    }

    private static bool IsOurs(Outcome outcome) => outcome.Name.StartsWith("VideoScale", StringComparison.Ordinal);
    private static double Middle(List<Outcome> runs) => Middle(runs, run => run.OverloadShare);
    private static double Middle(List<Outcome> runs, Func<Outcome, double> of) => Percentiles.At([.. runs.Select(of)], 0.5);
    private static string Of(List<Outcome> runs, Func<Outcome, double> of, string format) => Number(Middle(runs, of), format);
    private static string Number(double value, string format) => value.ToString(format, CultureInfo.InvariantCulture);
    private static string N(double value) => Number(value, "0.##");
    private static string E(string text) => WebUtility.HtmlEncode(text);
}
