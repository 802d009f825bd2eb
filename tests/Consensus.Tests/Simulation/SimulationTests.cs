using Xunit.Abstractions;

namespace VideoScale.Consensus.Tests.Simulation;

public sealed class SimulationTests(ITestOutputHelper output)
{
    /// <summary>More for a longer campaign: <c>VS_SIM_SEEDS=20000</c>; one of them: <c>VS_SIM_SEED=417</c>.</summary>
    private static readonly int Seeds = int.Parse(Environment.GetEnvironmentVariable("VS_SIM_SEEDS") ?? "500");

    [Fact]
    public void No_promise_breaks_under_faults_and_all_converge_afterwards()
    {
        var marks = new Dictionary<string, int>();
        var chosen = Environment.GetEnvironmentVariable("VS_SIM_SEED");
        var (first, last) = chosen is null ? (1, Seeds) : (int.Parse(chosen), int.Parse(chosen));
        long events = 0;
        for (var seed = first; seed <= last; seed++)
        {
            var plan = SimPlan.Draw(seed);
            var cluster = new SimCluster(plan, marks);
            try { cluster.Run(); }
            catch (Exception e) { throw new SimViolation($"replay with VS_SIM_SEED={seed} (at {cluster.NowMs} ms): {e}\nfaults: {string.Join(", ", plan.Faults)}"); }
            events += cluster.Events;
        }
        foreach (var (what, times) in marks.OrderBy(mark => mark.Key, StringComparer.Ordinal)) output.WriteLine($"{what}: {times}");
        output.WriteLine($"{events} events");
        if (chosen is not null || Seeds < 200) return;
        string[] wanted = ["election", "write", "read at leader", "read at follower", "overwrite", "install snapshot", "compact", "crash", "Transfer", "joint membership", "membership"];
        Assert.All(wanted, mark => Assert.True(marks.GetValueOrDefault(mark) > 0, $"never seen: {mark}"));
    }

    [Fact]
    public void The_same_seed_gives_the_same_run()
    {
        for (var seed = 1; seed <= 5; seed++)
        {
            var runs = Enumerable.Range(0, 2).Select(_ =>
            {
                var marks = new Dictionary<string, int>();
                var cluster = new SimCluster(SimPlan.Draw(seed), marks);
                cluster.Run();
                return (cluster.Events, cluster.Checker.Floor, string.Join(",", marks.OrderBy(m => m.Key, StringComparer.Ordinal)));
            }).ToArray();
            Assert.Equal(runs[0], runs[1]);
        }
    }
}
