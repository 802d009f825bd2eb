using System.Globalization;
using System.Net;
using System.Text;

namespace VideoScale.Bench.Engines;

/// <summary>Commits a second of each engine by how many are in flight, on a logarithmic scale, as a drawing that stands alone.</summary>
internal static class EnginesPlot
{
    private const int Left = 70, Top = 40, Height = 260, BarWidth = 34, Gap = 40, LegendLine = 18;
    private static readonly string[] Colours = ["#1f6feb", "#d29922", "#3fb950", "#8b949e", "#a371f7"];

    internal static string Of(IReadOnlyList<(string System, int InFlight, double PerSecond)> runs)
    {
        string[] systems = [.. runs.Select(run => run.System).Distinct(StringComparer.Ordinal)];
        int[] flights = [.. runs.Select(run => run.InFlight).Distinct().Order()];
        var (low, high) = (Math.Floor(Math.Log10(runs.Min(run => run.PerSecond))),
            Math.Ceiling(Math.Log10(runs.Max(run => run.PerSecond))));
        double Y(double perSecond) => Top + Height * (1 - (Math.Log10(perSecond) - low) / Math.Max(1, high - low));
        var groupWidth = systems.Length * BarWidth + Gap;
        var (width, height) = (Left + flights.Length * groupWidth + Gap, Top + Height + 50 + systems.Length * LegendLine);
        var svg = new StringBuilder($"""
            <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" font-family="sans-serif" font-size="11">
            <rect width="{width}" height="{height}" fill="#ffffff"/>
            <text x="{Left}" y="20" font-size="14">Commits a second, by operations in flight (logarithmic)</text>

            """);
        for (var power = low; power <= high; power++)
        {
            var (value, y) = (Math.Pow(10, power), Text(Y(Math.Pow(10, power))));
            svg.Append($"""<line x1="{Left}" y1="{y}" x2="{width - Gap}" y2="{y}" stroke="#d0d7de"/>""")
                .Append($"""<text x="{Left - 8}" y="{y}" text-anchor="end">{Number(value)}</text>""").Append('\n');
        }
        for (var flight = 0; flight < flights.Length; flight++)
        {
            var from = Left + Gap / 2 + flight * groupWidth;
            svg.Append($"""<text x="{from}" y="{Top + Height + 20}">{flights[flight]} in flight</text>""").Append('\n');
            foreach (var run in runs.Where(run => run.InFlight == flights[flight]))
            {
                var at = Array.IndexOf(systems, run.System);
                var (x, y) = (from + at * BarWidth, Y(run.PerSecond));
                svg.Append(
                    $"""<rect x="{x}" y="{Text(y)}" width="{BarWidth - 4}" height="{Text(Top + Height - y)}" fill="{Colours[at % Colours.Length]}"/>""")
                    .Append(
                        $"""<text x="{x + BarWidth / 2 - 2}" y="{Text(y - 4)}" text-anchor="middle" font-size="9">{Number(run.PerSecond)}</text>""")
                    .Append('\n');
            }
        }
        for (var at = 0; at < systems.Length; at++)
        {
            var y = Top + Height + 44 + at * LegendLine;
            svg.Append($"""<rect x="{Left}" y="{y - 9}" width="10" height="10" fill="{Colours[at % Colours.Length]}"/>""")
                .Append($"""<text x="{Left + 16}" y="{y}">{WebUtility.HtmlEncode(systems[at])}</text>""").Append('\n');
        }
        return svg.Append("</svg>\n").ToString();
    }

    private static string Text(double at) => at.ToString("0.#", CultureInfo.InvariantCulture);

    private static string Number(double value) => value.ToString("N0", CultureInfo.InvariantCulture);
}
