using System.Net;
using System.Text;
using VideoScale.Harness.Results;

namespace VideoScale.Bench.Report;

/// <summary>The page: an overview, then every benchmark. It needs nothing but itself.</summary>
internal static class ReportPage
{
    internal static string Of(IReadOnlyList<ResultFile> results)
    {
        var page = new StringBuilder($"""
            <!doctype html>
            <html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
            <title>VideoScale: benchmarks</title><style>{ReportStyle.Sheet}</style></head><body><main>
            <h1>VideoScale: benchmarks</h1>
            <p class="lead">Newest run of each part, with those before it. A small drawing has a dot for each run, oldest on the left; point at a dot for its date.
            Colours say whether the newest run is <b class="better">better</b> or <b class="worse">worse</b> than the one before by more than 5 %. Runs of another machine, or of a busier
            one, are not comparable: the machine and its load stand with each part.</p>

            """);
        Overview(page, results);
        foreach (var file in results)
        {
            page.Append($"<h2 id=\"{Id(file.Name)}\">{E(file.Name)}</h2>\n");
            foreach (var part in file.Parts) Part(page, file.Name, [.. part]);
        }
        return page.Append("</main></body></html>\n").ToString();
    }

    private static void Overview(StringBuilder page, IReadOnlyList<ResultFile> results)
    {
        page.Append(
            "<table class=\"overview\"><thead><tr><th>benchmark</th><th>first figure</th><th "
            + "class=\"n\">newest</th><th>history</th><th>beside its peers</th><th>measured</th></tr></thead><tbody>\n");
        foreach (var file in results)
            foreach (var part in file.Parts)
            {
                var runs = part.ToList();
                if (runs[0].Figures.Count == 0) continue;
                var figure = runs[0].Figures[0];
                var name = part.Key.Length > 0 ? $"{E(file.Name)} <span class=\"part\">{E(part.Key)}</span>" : E(file.Name);
                page.Append($"<tr><td><a href=\"#{Id(file.Name, part.Key)}\">{name}</a></td>")
                    .Append($"<td>{E(figure.Name)}</td>").Append(Value(runs, figure))
                    .Append($"<td>{Sparkline.Of(History(runs, figure))}</td>")
                    .Append($"<td>{Peers(runs[0], figure.Name)}</td><td class=\"when\">{runs[0].Date:yyyy-MM-dd}</td></tr>\n");
            }
        page.Append("</tbody></table>\n");
    }

    private static void Part(StringBuilder page, string name, List<BenchRun> runs)
    {
        var newest = runs[0];
        page.Append($"<section id=\"{Id(name, newest.Part)}\">");
        if (newest.Part.Length > 0) page.Append($"<h3>{E(newest.Part)}</h3>");
        page.Append($"<p class=\"facts\">{E(Facts(newest))}</p>");
        if (newest.Settings.Count > 0)
            page.Append(
                $"<p class=\"facts\">{E(string.Join(", ", newest.Settings.Select(s => $"{s.Key.Replace('_', ' ')} {s.Value}")))}</p>");
        var peers = newest.Peers.Count > 0;
        page.Append(
            $"<table><thead><tr><th>figure</th><th class=\"n\">newest</th><th class=\"n\">from – to</th><th "
            + $"class=\"n\">before</th><th>{Runs(runs.Count)}</th>{(peers ? "<th>beside its peers</th>" : "")}</tr></thead><tbody>\n");
        foreach (var figure in newest.Figures)
        {
            page.Append($"<tr><td>{E(figure.Name)}</td>").Append(Value(runs, figure))
                .Append($"<td class=\"n quiet\">{Spread(figure)}</td>");
            page.Append($"<td class=\"n quiet\">{(Before(runs, figure) is { } before ? E(Quantity.Of(before.Value)) : "")}</td>");
            page.Append($"<td>{Sparkline.Of(History(runs, figure))}</td>{(peers ? $"<td>{Peers(newest, figure.Name)}</td>" : "")}</tr>\n");
        }
        page.Append("</tbody></table>");
        if (newest.Notes.Count > 0)
            page.Append(
                $"<details><summary>notes</summary><ul>{string.Concat(newest.Notes.Select(note => $"<li>{E(note)}</li>"))}</ul></details>");
        page.Append("</section>\n");
    }

    private static string Facts(BenchRun run)
    {
        var machine = run.Machine;
        string?[] facts =
        [
            $"{run.Date:yyyy-MM-dd HH:mm} UTC",
            run.Commit is { } commit ? $"commit {commit}{(run.Dirty == true ? " with changes" : "")}" : null,
            machine.Cpu, machine.Cores is { } cores ? $"{cores} cores" : null, machine.MemoryMb is { } mb ? $"{mb / 1024.0:0.#} GiB" : null,
            machine.OperatingSystem, machine.Kernel is { } kernel ? $"Linux {kernel}" : null, machine.Runtime,
            machine.LoadAtEnd is { } end ? machine.LoadAtStart is { } start ? $"load average {start:0.##} to {end:0.##}"
                : $"load average {end:0.##} at the end" : null,
        ];
        return string.Join(" · ", facts.Where(fact => fact is not null));
    }

    private static string Value(List<BenchRun> runs, Figure figure)
    {
        var verdict = Before(runs, figure) is { } before ? new Comparison("", "", before, figure).Verdict : Verdict.Same;
        var mark = verdict switch { Verdict.Better => " better", Verdict.Worse => " worse", _ => "" };
        return $"<td class=\"n value{mark}\">{E(Quantity.Of(figure.Value))} <span class=\"unit\">{E(figure.Unit)}</span></td>";
    }

    private static string Spread(Figure figure) => figure.Samples == 1 ? "" : (figure.Min, figure.Max) switch
    {
        ({ } min, { } max) => E($"{Quantity.Of(min)} – {Quantity.Of(max)}"),
        (null, { } max) => E($"up to {Quantity.Of(max)}"),
        _ => "",
    } + (figure.Samples is { } samples ? $" <span class=\"unit\">of {samples}</span>" : "");

    private static Figure? Before(List<BenchRun> runs, Figure figure) =>
        runs.Skip(1).Select(run => Same(run, figure)).FirstOrDefault(f => f is not null);

    private static List<(BenchRun, Figure)> History(List<BenchRun> runs, Figure figure) =>
        [.. runs.AsEnumerable().Reverse().Select(run => (run, Same(run, figure))).Where(h => h.Item2 is not null)
            .Select(h => (h.run, h.Item2!))];

    private static Figure? Same(BenchRun run, Figure figure) =>
        run.Figures.FirstOrDefault(f => f.Name == figure.Name && f.Unit == figure.Unit);

    private static string Peers(BenchRun run, string figure) => string.Join("<br>", run.Peers.Where(peer => peer.Figure == figure)
        .Select(peer =>
            $"<b>{E(Quantity.Ratio(peer.Ratio))}</b> {E(peer.Peer)} <span class=\"unit\">({E(Quantity.Of(peer.Value))})</span>"));

    private static string Runs(int count) => count == 1 ? "one run" : $"{count} runs";

    private static string Id(params string[] names) =>
        string.Join('-', names.Where(name => name.Length > 0)).Replace(' ', '-').Replace(',', '-').Replace(':', '-').ToLowerInvariant();

    private static string E(string text) => WebUtility.HtmlEncode(text);
}
