using VideoScale.Harness.Results;

namespace VideoScale.Bench.Report;

internal enum Verdict { Same, Better, Worse }

/// <summary>A figure in two runs.</summary>
internal sealed record Comparison(string Benchmark, string Part, Figure Before, Figure After)
{
    /// <summary>Less is what a run differs by from the next on the same machine.</summary>
    private const double Noticed = 0.05;

    /// <summary>After against before; null where that says nothing.</summary>
    internal double? Ratio => Before.Value == 0 ? null : After.Value / Before.Value;

    internal Verdict Verdict
    {
        get
        {
            if (Math.Abs(After.Value - Before.Value) <= Noticed * Math.Abs(Before.Value)) return Verdict.Same;
            return After.Value > Before.Value == (After.Better == Better.Higher) ? Verdict.Better : Verdict.Worse;
        }
    }

    /// <summary>The figures that both have, newest run of each part against newest.</summary>
    internal static IEnumerable<Comparison> Of(IReadOnlyList<ResultFile> before, IReadOnlyList<ResultFile> after) =>
        from now in after
        join then in before on now.Name equals then.Name
        from part in now.Parts
        let old = then.Parts.FirstOrDefault(p => p.Key == part.Key)?.First()
        where old is not null && old.Date != part.First().Date
        from comparison in Of(now.Name, old, part.First())
        select comparison;

    internal static IEnumerable<Comparison> Of(string benchmark, BenchRun before, BenchRun after) =>
        from figure in after.Figures
        join old in before.Figures on figure.Name equals old.Name
        where old.Unit == figure.Unit
        select new Comparison(benchmark, after.Part, old, figure);
}
