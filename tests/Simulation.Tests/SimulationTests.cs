using VideoScale.Simulation.Plans;
using VideoScale.Simulation.Running;
using VideoScale.Simulation.Seams;
using Xunit.Abstractions;

namespace VideoScale.Simulation;

/// <summary>The short form of <c>./dev sim</c>. More with VS_SIM_SEEDS; another first seed with VS_SIM_SEED.</summary>
[CollectionDefinition(nameof(OneAtATime), DisableParallelization = true)]
public sealed class OneAtATime;

[Collection(nameof(OneAtATime))]
public sealed class SimulationTests(ITestOutputHelper output)
{
    private static int Number(string variable, int otherwise) =>
        int.TryParse(Environment.GetEnvironmentVariable(variable), out var number) ? number : otherwise;

    [Fact]
    public void No_promise_breaks_under_faults_and_all_heals_in_time()
    {
        var campaign = new Campaign(
            new CampaignOptions((ulong)Number("VS_SIM_SEED", 1), Number("VS_SIM_SEEDS", 150), 60_000, Environment.ProcessorCount)).Run();
        output.WriteLine(
            $"{campaign.Done} seeds, {campaign.Events} events, {campaign.EventsPerCpuSecond:0} a second and core, "
            + $"{campaign.MarkCounts.Count(count => count > 0)} of {Marks.Count} marks");
        Assert.True(campaign.Violations.Count == 0,
            string.Join('\n', campaign.Violations.Select(v => $"./dev sim --seed {v.Seed}: {v.What}")));
        Assert.True(campaign.Events > 100_000);
    }

    [Fact]
    public void Nothing_breaks_without_faults_or_with_one_class_of_them()
    {
        foreach (var only in (FaultClass?[])[null, .. Enum.GetValues<FaultClass>()])
        {
            var campaign =
                new Campaign(new CampaignOptions(5_000, 12, 30_000, Environment.ProcessorCount, Only: only is { } one ? [one] : [])).Run();
            Assert.True(campaign.Violations.Count == 0,
                $"{only?.ToString() ?? "no faults"}: {string.Join('\n', campaign.Violations.Select(v => $"seed {v.Seed}: {v.What}"))}");
        }
    }

    [Fact]
    public void One_voter_becomes_three_five_and_three_again_under_load_and_faults()
    {
        var campaign = new Campaign(new CampaignOptions(1, 40, 20_000, Environment.ProcessorCount) { Journey = true }).Run();
        Assert.True(campaign.Violations.Count == 0,
            string.Join('\n', campaign.Violations.Select(v => $"./dev sim --membership --seed {v.Seed}: {v.What}")));
        Assert.All((Mark[])[Mark.ClusterGrew, Mark.ClusterShrank, Mark.JointLeft, Mark.RemovedLeaderSteppedDown],
            mark => Assert.True(campaign.MarkCounts[(int)mark] > 0, mark.ToString()));
    }

    [Fact]
    public void The_same_seed_goes_the_same_way_here_and_in_another_process()
    {
        var options = new CampaignOptions(100, 1, 20_000, 1);
        var hashes = new Dictionary<ulong, ulong>();
        for (var seed = 100UL; seed <= 1_000; seed += 100)
        {
            var campaign = new Campaign(options with { FirstSeed = seed }).Run();
            Assert.Empty(campaign.Violations);
            hashes.Add(seed, campaign.RepeatedHashes[seed]);
        }
        Assert.True(hashes.Values.Distinct().Count() == hashes.Count);
        Assert.True(HashCommand.AgreesElsewhere(hashes, options));
    }

    [Fact]
    public void What_once_broke_a_promise_does_so_no_more()
    {
        foreach (var file in Corpus.Files)
        {
            var kept = Corpus.Read(file);
            Planted.Now = kept.Bug;
            try
            {
                var shown = OnThread(() => SeedRun.Of(kept.Plan));
                if (kept.Bug == Bug.None) Assert.True(!shown.IsViolation, $"{file}: {shown.What}");
                else Assert.True(shown.IsViolation, $"{file} does not show {kept.Bug} any more");
            }
            finally { Planted.Now = Bug.None; }
            if (kept.Bug != Bug.None) Assert.False(OnThread(() => SeedRun.Of(kept.Plan)).IsViolation, file);
        }
    }

    [Theory]
    [InlineData(nameof(Bug.VoteBeforeSync))]
    [InlineData(nameof(Bug.AckAtWrite))]
    [InlineData(nameof(Bug.StaleReadIndex))]
    [InlineData(nameof(Bug.NoPreVote))]
    [InlineData(nameof(Bug.LeaseNeverEnds))]
    [InlineData(nameof(Bug.NewLeaderExpiresAtOnce))]
    [InlineData(nameof(Bug.DedupeWithoutBody))]
    [InlineData(nameof(Bug.OverlappingChanges))]
    [InlineData(nameof(Bug.RenewWithoutGivingUp))]
    public void A_planted_bug_is_caught(string bug)
    {
        var result = MutantsCommand.Try(Enum.Parse<Bug>(bug), runs: 1, seeds: 400, timeMs: 30_000, jobs: Environment.ProcessorCount);
        output.WriteLine($"{bug}: seed {result.FirstSeed}, {string.Join(", ", result.Rules)}");
        Assert.True(result.IsCaught);
    }

    private static T OnThread<T>(Func<T> run)
    {
        T? result = default;
        var thread = new Thread(() => result = run(), 16 << 20);
        thread.Start();
        thread.Join();
        return result!;
    }
}
