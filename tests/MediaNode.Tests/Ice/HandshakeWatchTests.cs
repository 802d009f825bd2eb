using VideoScale.Harness;
using VideoScale.MediaNode.Ice;

namespace VideoScale.MediaNode.Tests.Ice;

public sealed class HandshakeWatchTests
{
    private const long TickUs = 10_000;

    /// <summary>When it is noticed, from the nomination; -1 for never within a minute.</summary>
    private static long NoticedAfterUs(long nominatedUs, Func<long, bool> hears, Func<long, bool> isKeyed)
    {
        var watch = new HandshakeWatch();
        var times = new List<long>();
        for (var now = nominatedUs; now < nominatedUs + 60_000_000; now += TickUs)
        {
            if (hears(now - nominatedUs)) watch.Heard(now);
            if (watch.IsOverdue(nominatedUs, isKeyed(now - nominatedUs), now)) times.Add(now - nominatedUs);
        }
        return times.Count == 0 ? -1 : Assert.Single(times);
    }

    [Fact]
    public void Who_never_begins_is_noticed_once_after_two_seconds() =>
        Assert.Equal(2_000_000, NoticedAfterUs(7_000, hears: _ => false, isKeyed: _ => false));

    [Fact]
    public void A_handshake_under_way_has_longer_and_not_for_ever() =>
        Assert.Equal(6_000_000, NoticedAfterUs(7_000, hears: after => after % 1_000_000 == 0, isKeyed: _ => false));

    [Fact]
    public void Whoever_has_keys_in_time_or_has_chosen_no_path_is_never_noticed() => Seeds.Run(200, random =>
    {
        var keyedUs = random.Next(1, (int)(HandshakeWatch.PatienceUs - TickUs));
        Assert.Equal(-1, NoticedAfterUs(random.Next(1, int.MaxValue), hears: after => after < keyedUs && random.Next(10) == 0,
            isKeyed: after => after >= keyedUs));
        Assert.False(new HandshakeWatch().IsOverdue(nominatedUs: 0, isKeyed: false, random.Next()));
    });
}
