using VideoScale.ControlPlane.Waiting;

namespace VideoScale.ControlPlane.Tests.Core;

/// <summary>How long a room will wait: as those before it did, or until what is launched comes.</summary>
public sealed class WaitEstimateTests
{
    [Fact]
    public void Without_any_experience_it_is_a_guess_and_a_launch_says_more()
    {
        var estimate = new WaitEstimate();
        Assert.Equal(15_000, estimate.Of(1, 1_000, null));
        Assert.Equal(40_000, estimate.Of(7, 1_000, 41_000));
        Assert.Equal(1_000, estimate.Of(7, 50_000, 41_000)); // overdue: any moment
        Assert.Equal(300_000, estimate.Of(1, 0, 900_000));
    }

    [Fact]
    public void The_pace_of_those_before_counts_for_each_that_is_still_before()
    {
        var estimate = new WaitEstimate();
        for (var at = 0; at <= 40_000; at += 10_000) estimate.Served(at);
        Assert.Equal(10_000, estimate.Of(1, 50_000, null));
        Assert.Equal(30_000, estimate.Of(3, 50_000, null));
        Assert.Equal(12_000, estimate.Of(3, 50_000, 62_000)); // a node comes before
        Assert.Equal(15_000, estimate.Of(3, 600_000, null)); // that was another time
    }

    [Fact]
    public void Launches_are_expected_after_as_long_as_the_last_one_took()
    {
        var estimate = new WaitEstimate();
        Assert.Equal(61_000, estimate.ExpectedAtMs(1_000));
        estimate.Booted(4_000);
        Assert.Equal(5_000, estimate.ExpectedAtMs(1_000));
    }
}
