using VideoScale.MediaNode.Recovery;

namespace VideoScale.MediaNode.Tests.Recovery;

public sealed class KeyframeRequesterTests
{
    private const long Ms = 1_000;

    [Fact]
    public void Whoever_has_a_picture_already_waits_out_the_throttle()
    {
        var requester = new KeyframeRequester();
        requester.Want();
        Assert.True(requester.TakeDue(0));
        requester.Want();
        Assert.False(requester.TakeDue(499 * Ms));
        Assert.True(requester.TakeDue(500 * Ms));
    }

    [Fact]
    public void Whoever_has_none_yet_is_asked_for_sooner()
    {
        var requester = new KeyframeRequester();
        requester.Want();
        Assert.True(requester.TakeDue(0));
        requester.WantSoon();
        Assert.False(requester.TakeDue(149 * Ms));
        Assert.True(requester.TakeDue(150 * Ms));
        requester.Want();
        Assert.False(requester.TakeDue(300 * Ms)); // haste was for the newcomer alone
    }

    [Fact]
    public void A_key_frame_that_came_serves_newcomers_too()
    {
        var requester = new KeyframeRequester();
        requester.WantSoon();
        requester.Arrived();
        Assert.False(requester.TakeDue(1_000 * Ms));
    }

    [Fact]
    public void A_room_that_fills_without_end_costs_little_more_than_the_throttle_allows()
    {
        var requester = new KeyframeRequester();
        var asked = 0;
        for (var nowMs = 0; nowMs < 20_000; nowMs += 10)
        {
            requester.WantSoon();
            if (requester.TakeDue(nowMs * Ms)) asked++;
        }
        Assert.InRange(asked, 40, 40 + KeyframeRequester.MostHaste + 10); // one in 500 ms, four in haste, one more in each 2 s
    }
}
