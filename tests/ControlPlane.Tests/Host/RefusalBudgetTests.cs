using VideoScale.ControlPlane.Commands;
using VideoScale.ControlPlane.Host.Refusals;
using VideoScale.Harness;
using VideoScale.Model;

namespace VideoScale.ControlPlane.Tests.HostTests;

public sealed class RefusalBudgetTests
{
    private static readonly RefusalRate OfOne = new(5, 1_000), OfAll = new(12, 300);

    private static Refusal By(string caller) =>
        new(new(caller, ActorKind.Operator, ActorAuthMethod.Token), "CloseRoom", Failure.NotFound("room r"));

    [Fact]
    public void Whatever_callers_do_no_window_has_more_than_the_budget_and_every_refusal_is_recorded_or_counted() => Seeds.Run(20, random =>
    {
        var budget = new RefusalBudget(OfOne, OfAll, maxCallers: 4);
        var recorded = new List<(long AtMs, Refusal Refusal)>();
        var (noted, now) = (0UL, 5_000L);
        for (var step = 0; step < 500; step++)
        {
            now += random.Next(4) == 0 ? random.Next(400) : 0;
            if (random.Next(20) == 0) recorded.AddRange(budget.Due(now).Select(refusal => (now, refusal)));
            else
            {
                noted++;
                if (budget.Take(By("caller-" + random.Next(random.Next(1, 9))), now) is { } refusal) recorded.Add((now, refusal));
            }
            Assert.InRange(budget.Count, 0, 5); // and the one that the rest share
        }
        foreach (var (from, _) in recorded)
        {
            var window = recorded.Where(r => r.AtMs >= from).ToArray();
            for (var i = 0; i < window.Length; i++)
            {
                var lasted = window[i].AtMs - from;
                Assert.True(i + 1 <= OfAll.Burst + lasted / OfAll.EveryMs + 1, $"{i + 1} of all in {lasted} ms");
                var ofOne = window.Take(i + 1).Count(r => r.Refusal.Actor == window[i].Refusal.Actor);
                // It may have had its own bucket, and then the shared one.
                Assert.True(ofOne <= 2 * (OfOne.Burst + lasted / OfOne.EveryMs + 1), $"{ofOne} of one caller in {lasted} ms");
            }
        }
        now += 3_600_000;
        for (var i = 0; i < 8; i++, now += 10_000) recorded.AddRange(budget.Due(now).Select(refusal => (now, refusal)));
        Assert.Equal(noted, recorded.Aggregate(0UL, (sum, r) => sum + 1 + r.Refusal.Others));
        Assert.Equal(0UL, budget.Clear());
    });

    [Fact]
    public void One_caller_gets_its_burst_then_one_at_a_time_with_the_count_of_what_was_kept_back_and_takes_nothing_from_another()
    {
        var budget = new RefusalBudget(OfOne, OfAll, maxCallers: 4);
        Assert.Equal(5, Enumerable.Range(0, 100).Count(_ => budget.Take(By("a"), 0) is not null));
        Assert.NotNull(budget.Take(By("b"), 0));
        Assert.Empty(budget.Due(999));
        var summary = Assert.Single(budget.Due(1_000));
        Assert.Equal(94u, summary.Others);
        Assert.Contains("94 more refusals of this caller", summary.Words, StringComparison.Ordinal);
        Assert.Empty(budget.Due(100_000));
    }

    [Fact]
    public void What_could_not_be_proposed_is_counted_again()
    {
        var budget = new RefusalBudget(OfOne, OfAll, maxCallers: 4);
        budget.PutBack(budget.Take(By("a"), 0)!, 0);
        Assert.Equal(1u, budget.Take(By("a"), 0)!.Others);
    }
}
