using VideoScale.ControlPlane.Commands;
using VideoScale.ControlPlane.Host.Providers;
using VideoScale.ControlPlane.Pools;

namespace VideoScale.ControlPlane.Tests.Scaling;

public sealed class ScalerTests
{
    private static readonly PoolPolicy Policy =
        PoolPolicy.Default with { Min = 2, Max = 8, HoldMs = 30_000, BootLimitMs = 60_000, DrainWithinMs = 0 };

    /// <summary>
    /// Whatever a provider does, and whoever leads: the bounds hold, nobody is ended with rooms, nothing runs that is not on record, and
    /// when it is quiet there are as many as the load asks for.
    /// </summary>
    [Theory]
    [InlineData(0)]
    [InlineData(15)]
    [InlineData(40)]
    public async Task Nothing_leaks_and_nobody_is_ended_with_rooms(int faultPercent)
    {
        for (var seed = 1; seed <= 60; seed++)
        {
            var chance = new Random(seed);
            var fleet = new ScaledFleet(seed, Policy, faultPercent) { LosesCommands = faultPercent > 0 };
            for (var round = 0; round < 150; round++)
            {
                if (chance.Next(8) == 0) fleet.Open(chance.Next(1, 7));
                if (chance.Next(8) == 0) fleet.Close(chance.Next(1, 7));
                if (faultPercent > 0 && chance.Next(15) == 0) fleet.ChangeLeader();
                if (faultPercent > 0 && chance.Next(40) == 0 && fleet.Provider.Running.Count > 0)
                    fleet.Provider.EndFromOutside(fleet.Provider.Running.Keys.First());
                if (fleet.Record.Suspended.Length > 0) fleet.Bed.Must(new PoolCommand.Resume(ScaledFleet.Pool));
                await fleet.RoundAsync();
                fleet.Pass(bootsWithinRounds: 5);
            }
            // quiet: it comes to what the load asks for
            fleet.Provider.FaultPercent = 0;
            fleet.LosesCommands = false;
            for (var round = 0; round < 120; round++)
            {
                if (fleet.Record.Suspended.Length > 0) fleet.Bed.Must(new PoolCommand.Resume(ScaledFleet.Pool));
                await fleet.RoundAsync();
                fleet.Pass(bootsWithinRounds: 5);
            }
            Assert.True(fleet.Violations.Count == 0, $"seed {seed}: {string.Join('\n', fleet.Violations)}");
            Assert.Equal(fleet.Provider.Running.Keys.Order(), fleet.Record.Instances.Select(each => each.Key).Order());
            Assert.Equal(fleet.Provider.Launches, fleet.Provider.Ended + fleet.Provider.Running.Count);
            var need = fleet.OpenRooms * 0.2 / 0.7;
            Assert.Equal(Math.Clamp((int)Math.Ceiling(need - 1e-9), 2, 8), fleet.Record.Instances.Length);
        }
    }

    [Fact]
    public async Task A_provider_that_starts_what_never_registers_is_stopped_after_three()
    {
        var fleet = new ScaledFleet(1, Policy, 0);
        fleet.Open(20);
        for (var round = 0; round < 200; round++)
        {
            await fleet.RoundAsync();
            fleet.Pass(bootsWithinRounds: 1, neverBoot: true);
        }
        Assert.Contains("did not register", fleet.Record.Suspended, StringComparison.Ordinal);
        Assert.Empty(fleet.Provider.Running);
        Assert.InRange(fleet.Provider.Launches, 3, 12);
    }

    [Theory]
    [InlineData(ProviderError.Denied, 1)]
    [InlineData(ProviderError.BadSpec, 1)]
    [InlineData(ProviderError.Quota, 3)]
    [InlineData(ProviderError.NoCapacity, 3)]
    public async Task A_provider_that_says_no_is_not_asked_for_ever(ProviderError error, int failures)
    {
        var fleet = new ScaledFleet(1, Policy with { Min = 1 }, 0);
        fleet.Provider.LaunchError = error;
        for (var round = 0; round < 50; round++)
        {
            await fleet.RoundAsync();
            fleet.Pass(1);
        }
        Assert.NotEmpty(fleet.Record.Suspended);
        Assert.Equal((uint)failures, fleet.Record.Failures);
        Assert.Empty(fleet.Record.Instances);
        fleet.Provider.LaunchError = null;
        fleet.Bed.Must(new PoolCommand.Resume(ScaledFleet.Pool));
        await fleet.RoundAsync();
        Assert.Single(fleet.Provider.Running);
    }

    [Theory]
    [InlineData(AutomationMode.Off)]
    [InlineData(AutomationMode.DryRun)]
    public async Task A_pool_that_is_not_on_asks_its_provider_for_nothing(AutomationMode mode)
    {
        var fleet = new ScaledFleet(1, Policy with { Mode = mode }, 0);
        fleet.Open(20);
        fleet.Provider.Add(new("eu-77"));
        for (var round = 0; round < 60; round++)
        {
            await fleet.RoundAsync();
            fleet.Pass(1);
        }
        Assert.Equal((1, 0), (fleet.Provider.Launches, fleet.Provider.Ended)); // the one that was there before
        fleet.Bed.Must(new PoolCommand.SetPolicy(ScaledFleet.Pool, Policy));
        for (var round = 0; round < 10; round++)
        {
            await fleet.RoundAsync();
            fleet.Pass(1);
        }
        Assert.True(fleet.Provider.Launches > 1);
        Assert.DoesNotContain(new("eu-77"), fleet.Provider.Running.Keys);
    }

    [Fact]
    public async Task What_runs_and_is_on_no_record_is_ended_when_it_was_seen_twice()
    {
        var fleet = new ScaledFleet(1, Policy, 0);
        await fleet.RoundAsync();
        fleet.Provider.Add(new("eu-77"));
        for (var round = 0; round < 3; round++)
        {
            fleet.Pass(1);
            await fleet.RoundAsync();
        }
        Assert.Contains(new("eu-77"), fleet.Provider.Running.Keys); // seen once, 5 s ago or less
        for (var round = 0; round < 4; round++)
        {
            fleet.Pass(1);
            await fleet.RoundAsync();
        }
        Assert.DoesNotContain(new("eu-77"), fleet.Provider.Running.Keys);
    }
}
