using Microsoft.Extensions.Logging;
using VideoScale.Harness;
using VideoScale.Rpc;

namespace VideoScale.Contracts.Tests.Rpc;

/// <summary>A process that did not run although it wanted to sees that afterwards, and says it.</summary>
public sealed class StandstillTests
{
    [Theory]
    [InlineData(50, false)]
    [InlineData(349, false)]
    [InlineData(350, true)]
    [InlineData(5_050, true)]
    public void A_wait_that_lasts_much_longer_than_it_should_is_a_standstill(int waitedMs, bool isOne) =>
        Assert.Equal(isOne, StandstillWatch.Of(TimeSpan.FromMilliseconds(waitedMs), TimeSpan.Zero) is { } stood
            && stood.Lasted == TimeSpan.FromMilliseconds(waitedMs - 50));

    [Theory]
    [InlineData(1_000, 600, true)]
    [InlineData(1_000, 400, false)]
    public void Its_own_collections_are_told_from_the_machine(int ms, int collectionsMs, bool collections) =>
        Assert.Equal(collections, new Standstill(TimeSpan.FromMilliseconds(ms), TimeSpan.FromMilliseconds(collectionsMs)).IsOfCollections);

    [Fact]
    public void Many_of_them_are_one_line_in_ten_seconds()
    {
        var log = new RecordedLog();
        using var loggers = LoggerFactory.Create(logging => logging.AddProvider(log));
        using var standstills = new StandstillLog(loggers.CreateLogger<StandstillLog>());
        for (var i = 0; i < 3; i++) standstills.Note(new Standstill(TimeSpan.FromSeconds(2), TimeSpan.Zero));
        Assert.Single(log.Of(3720));
    }
}
