using VideoScale.Gateway.Signalling;

namespace VideoScale.Gateway.Tests;

public sealed class ReadPaceTests
{
    [Fact]
    public void A_flood_is_read_at_its_rate_and_what_clients_say_in_a_call_at_once()
    {
        var pace = new ReadPace();
        var (read, nowMs) = (0L, 0L);
        while (nowMs < 60_000)
        {
            read += 500_000;
            nowMs += (long)pace.Read(500_000, nowMs).TotalMilliseconds;
        }
        Assert.InRange(read, ReadPace.BurstBytes + 58L * ReadPace.BytesPerSecond, ReadPace.BurstBytes + 62L * ReadPace.BytesPerSecond);
        var call = new ReadPace();
        for (var ms = 0L; ms < 60_000; ms += 20) Assert.Equal(TimeSpan.Zero, call.Read(5_000, ms));
    }

    [Theory]
    [InlineData(0)] // a part without anything in it, and without end
    [InlineData(6)] // the smallest request
    public void Many_that_say_next_to_nothing_are_a_flood_too(int bytes)
    {
        const long MostInAMinute = (ReadPace.BurstBytes + 61L * ReadPace.BytesPerSecond) / ReadPace.LeastBytes;
        var pace = new ReadPace();
        var (requests, nowMs) = (0L, 0L);
        for (; nowMs < 60_000 && requests <= MostInAMinute; requests++) nowMs += (long)pace.Read(bytes, nowMs).TotalMilliseconds;
        Assert.InRange(requests, 1_000, MostInAMinute);
    }
}
