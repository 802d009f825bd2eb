using VideoScale.ControlPlane.Host.Gateway;

namespace VideoScale.ControlPlane.Tests.Gateway;

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
}
