using System.Text.RegularExpressions;
using VideoScale.Harness;
using VideoScale.Harness.Results;

namespace VideoScale.Architecture.Tests;

/// <summary>What was measured is kept in one way, and what documents quote is there.</summary>
public sealed partial class BenchResultTests
{
    private static readonly DateTimeOffset First = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private static readonly IReadOnlyList<string> Results = Repository.Files("bench/results", "*.json");

    [Fact]
    public void Every_kept_result_is_read_and_written_by_the_one_schema()
    {
        Assert.True(Results.Count > 10, $"only {Results.Count} results were found");
        foreach (var path in Results)
        {
            var text = File.ReadAllText(Repository.Path(path));
            var file = ResultFile.Parse(text);
            Assert.Equal(Path.GetFileNameWithoutExtension(path), file.Name);
            Assert.True(file.ToString() == text, $"{path} was not written by the harness");
            Assert.Equal(file.Runs.OrderByDescending(run => run.Date), file.Runs);
            Assert.All(file.Runs, run => Check(path, run));
        }
    }

    [Fact]
    public void What_documents_and_scripts_quote_of_the_results_is_kept()
    {
        var quoting = Repository.Files("docs", "*.md").Concat(["README.md", "CHANGELOG.md"]).SelectMany(document =>
            ResultPath().Matches(File.ReadAllText(Repository.Path(document))).Select(m => (document, m.Value))).ToList();
        Assert.True(quoting.Count > 5, $"only {quoting.Count} results are quoted");
        Assert.DoesNotContain(quoting, quote => !Results.Contains(quote.Value));
    }

    [Fact]
    public void A_run_lies_on_top_of_the_others_of_its_part_and_old_ones_fall_out()
    {
        var file = new ResultFile("some", []);
        for (var day = 1; day <= 40; day++)
            foreach (var part in (string[])["a", "b"]) file = file.With(Run(part, day));
        file = file.With(Run("a", 0)); // older than all that are kept
        Assert.Equal(["a", "b"], file.Parts.Select(part => part.Key).Order());
        Assert.All(file.Parts, part => Assert.Equal(Enumerable.Range(11, 30).Reverse(), part.Select(run => (run.Date - First).Days)));
        Assert.Equal(file.ToString(), ResultFile.Parse(file.ToString()).ToString());
    }

    [Fact]
    public void Samples_are_told_by_their_median_least_and_greatest_and_a_peer_by_the_ratio()
    {
        var run = RunRecorder.Begin("part").Set("rounds", 3).Add("rate", [3.00000049, 1, 2], "ops/s", Better.Higher)
            .Against("another", "rate", 4).Note("well").End();
        Assert.Equal(new Figure("rate", 2, "ops/s", Better.Higher) { Samples = 3, Min = 1, Max = 3 }, Assert.Single(run.Figures));
        Assert.Equal(new PeerFigure("another", "rate", 4, 0.5), Assert.Single(run.Peers));
        Assert.True(run.Machine is { Cores: > 0, MemoryMb: > 0, Kernel.Length: > 0, LoadAtStart: >= 0, LoadAtEnd: >= 0 });
    }

    private static BenchRun Run(string part, int day) =>
        new(part, First.AddDays(day), null, null, new(null, null, null, null, null, null, null, null), new Dictionary<string, string>(),
            [new("rate", day, "ops/s", Better.Higher)], [], []);

    private static void Check(string path, BenchRun run)
    {
        Assert.Equal(TimeSpan.Zero, run.Date.Offset);
        Assert.NotEmpty(run.Figures);
        Assert.All(run.Figures,
            figure => Assert.True(figure.Name.Length > 0 && figure.Unit.Length > 0 && double.IsFinite(figure.Value), $"{path}: {figure}"));
        Assert.Equal(run.Figures.Count, run.Figures.Select(figure => figure.Name).Distinct(StringComparer.Ordinal).Count());
        Assert.All(run.Peers, peer =>
        {
            var ours = Assert.Single(run.Figures, figure => figure.Name == peer.Figure);
            Assert.Equal(peer.Ratio, ours.Value / peer.Value, Math.Abs(peer.Ratio) * 1e-3);
        });
    }

    [GeneratedRegex(@"bench/results/[\w-]+\.json")]
    private static partial Regex ResultPath();
}
