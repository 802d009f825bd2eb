using VideoScale.Harness;
using VideoScale.MediaNode.Quality;

namespace VideoScale.MediaNode.Tests.Quality;

public class LossTrendTests
{
    [Theory]
    [InlineData(0.01, 0.02)]
    [InlineData(0.05, 0.08)]
    public void Chance_does_not_lift_a_steady_loss_over_the_next_threshold(double loss, double threshold) => Seeds.Run(100, random =>
    {
        var trend = new LossTrend();
        long expected = 0, lost = 0;
        for (var round = 0; round < 50; round++)
        {
            for (var packet = 0; packet < 400; packet++, expected++) if (random.NextDouble() < loss) lost++;
            trend.Take(expected, lost);
            if (round > 2) Assert.InRange(trend.Fraction, loss / 10, threshold - 0.0001);
        }
    });

    [Fact]
    public void It_follows_a_change_within_a_few_rounds_both_ways()
    {
        var trend = new LossTrend();
        long expected = 0;
        double lost = 0;
        void Run(int rounds, double fraction)
        {
            for (var i = 0; i < rounds; i++) trend.Take(expected += 200, lost += 200 * fraction);
        }
        Run(5, 0);
        Run(4, 0.1);
        Assert.InRange(trend.Fraction, 0.08, 0.1);
        Run(6, 0);
        Assert.InRange(trend.Fraction, 0, 0.01);
    }

    [Fact]
    public void Few_packets_wait_for_more_and_what_is_old_is_forgotten()
    {
        var trend = new LossTrend();
        trend.Take(10, 1); // a quiet stream lost one of ten
        Assert.Equal(0, trend.Fraction);
        trend.Take(40, 1);
        Assert.Equal(1 / 40.0, trend.Fraction, 5);
        for (var i = 0; i < 5; i++) trend.Take(40, 1);
        Assert.Equal(0, trend.Fraction);
    }

    [Fact]
    public void A_stream_that_ended_takes_nothing_back()
    {
        var trend = new LossTrend();
        trend.Take(1000, 100);
        trend.Take(300, 3); // the sum of fewer streams
        Assert.Equal(0.1, trend.Fraction, 5);
        trend.Take(1300, 103);
        Assert.InRange(trend.Fraction, 0.0999, 0.1001);
    }
}
