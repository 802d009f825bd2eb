using System.Globalization;
using System.Net;
using System.Text;
using VideoScale.Harness.Results;

namespace VideoScale.Bench.Report;

/// <summary>A figure over its runs, oldest on the left, as a small drawing.</summary>
internal static class Sparkline
{
    private const int Width = 150, Height = 30, Margin = 4;

    /// <param name="history">Oldest first; of a single run there is nothing to draw.</param>
    internal static string Of(IReadOnlyList<(BenchRun Run, Figure Figure)> history)
    {
        if (history.Count < 2) return "";
        var (least, most) = (history.Min(h => h.Figure.Value), history.Max(h => h.Figure.Value));
        double X(int at) => Margin + (Width - 2.0 * Margin) * at / (history.Count - 1);
        double Y(double value) =>
            most == least ? Height / 2.0 : Height - Margin - (Height - 2.0 * Margin) * (value - least) / (most - least);
        var svg =
            new StringBuilder($"""<svg class="history" viewBox="0 0 {Width} {Height}" width="{Width}" height="{Height}" role="img">""");
        svg.Append($"""<polyline points="{string.Join(' ', history.Select((h, at) => $"{Text(X(at))},{Text(Y(h.Figure.Value))}"))}"/>""");
        for (var at = 0; at < history.Count; at++)
        {
            var (run, figure) = history[at];
            var told = WebUtility.HtmlEncode($"{run.Date:yyyy-MM-dd HH:mm}: {Quantity.Of(figure.Value)} {figure.Unit}");
            svg.Append(
                $"""<circle cx="{Text(X(at))}" cy="{Text(Y(figure.Value))}" r="{(at == history.Count - 1 ? 3 : 2)}">"""
                + $"<title>{told}</title></circle>");
        }
        return svg.Append("</svg>").ToString();
    }

    private static string Text(double at) => at.ToString("0.#", CultureInfo.InvariantCulture);
}
