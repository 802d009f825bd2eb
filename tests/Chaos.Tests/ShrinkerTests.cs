using VideoScale.Chaos.Faults;
using VideoScale.Chaos.Shrinking;

namespace VideoScale.Chaos.Tests;

/// <summary>What is left of a schedule is what it takes.</summary>
public sealed class ShrinkerTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public async Task Only_what_breaks_it_is_left(int needed)
    {
        for (var seed = 1; seed <= 50; seed++)
        {
            var whole = ScheduleDraw.Of(seed, rounds: 2);
            var random = new Random(seed);
            var culprits = whole.Faults.OrderBy(_ => random.Next()).Take(needed).ToArray();
            var runs = 0;
            var smallest = await Shrinker.ShrinkAsync(whole, schedule =>
            {
                runs++;
                return Task.FromResult(culprits.All(schedule.Faults.Contains));
            });
            Assert.Equal(culprits.Select(static fault => fault.Words).Order(StringComparer.Ordinal),
                smallest.Faults.Select(static fault => fault.Words).Order(StringComparer.Ordinal));
            Assert.True(runs <= 4 * whole.Faults.Count, $"{runs} runs for {whole.Faults.Count} faults");
        }
    }

    [Fact]
    public async Task A_schedule_that_needs_all_of_it_stays_as_it_is()
    {
        var whole = ScheduleDraw.Of(3, rounds: 1);
        Assert.Equal(whole.Words, (await Shrinker.ShrinkAsync(whole, static _ => Task.FromResult(false))).Words);
    }
}
