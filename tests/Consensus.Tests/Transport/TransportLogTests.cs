using VideoScale.Consensus.Engine.Transport;

namespace VideoScale.Consensus.Tests.Transport;

/// <summary>What an operator reads of a link that breaks: its changes, and of a flapping one their number.</summary>
public sealed class TransportLogTests
{
    private static readonly MemberId Self = new(0xA), Other = new(0xB), Third = new(0xC);

    private sealed class Clock : TimeProvider
    {
        internal long Seconds { get; set; }
        public override long TimestampFrequency => 1;
        public override long GetTimestamp() => Seconds;
    }

    [Fact]
    public void One_line_when_a_link_breaks_and_one_for_each_new_reason()
    {
        var (logger, clock) = (new TestLogger(), new Clock());
        var log = new TransportLog(logger, Self, clock);
        for (var attempt = 0; attempt < 50; attempt++)
            foreach (var channel in (Channel[])[Channel.Control, Channel.Bulk])
                log.ConnectionFailed(Other, channel, new IOException("connection refused"));
        Assert.Single(logger.Lines);
        clock.Seconds += 11;
        log.ConnectionFailed(Other, Channel.Control, new IOException("the certificate of \"replica/b\" expired"));
        Assert.Equal(2, logger.Lines.Length);
        log.ConnectionFailed(Third, Channel.Control, new IOException("connection refused")); // another member has lines of its own
        Assert.Equal(3, logger.Lines.Length);
    }

    [Fact]
    public void A_flapping_link_is_one_line_in_ten_seconds_with_the_number_of_breaks()
    {
        var (logger, clock) = (new TestLogger(), new Clock());
        var log = new TransportLog(logger, Self, clock);
        for (var flap = 0; flap < 600; flap++)
        {
            foreach (var channel in (Channel[])[Channel.Control, Channel.Bulk])
                log.ConnectionFailed(Other, channel, new IOException("reset"));
            foreach (var channel in (Channel[])[Channel.Control, Channel.Bulk]) log.Connected(Other, channel);
            if (flap % 10 == 9) clock.Seconds++; // ten flaps a second, for a minute
        }
        Assert.InRange(logger.Lines.Length, 6, 7);
        Assert.Contains("broke 200 times", logger.Lines[^1], StringComparison.Ordinal);
    }
}
