using VideoScale.MediaNode.Host.Agent;

namespace VideoScale.MediaNode.Tests.Agents;

public sealed class LeaderAddressesTests
{
    [Fact]
    public void A_named_leader_is_tried_first_then_the_list_goes_round()
    {
        var addresses = new LeaderAddresses(["a", "b", "c"]);
        Assert.Equal("a", addresses.Next());
        addresses.Hint("c");
        Assert.Equal(["c", "b", "c", "a"], [addresses.Next(), addresses.Next(), addresses.Next(), addresses.Next()]);
    }

    [Fact]
    public void The_leader_that_served_is_tried_first_when_its_connection_breaks()
    {
        var addresses = new LeaderAddresses(["a", "b"]);
        addresses.Served("b");
        Assert.Equal("b", addresses.Next());
    }

    [Fact]
    public void Waits_grow_with_every_round_and_stay_below_a_second()
    {
        var addresses = new LeaderAddresses(["a", "b"]);
        Assert.Equal(TimeSpan.Zero, addresses.Wait(new Random(1)));
        var longest = TimeSpan.Zero;
        for (var i = 1; i <= 40; i++)
        {
            addresses.Failed();
            var wait = addresses.Wait(new Random(i));
            Assert.InRange(wait.TotalMilliseconds, 25, 1_000);
            if (wait > longest) longest = wait;
        }
        Assert.True(longest.TotalMilliseconds > 500);
        addresses.Served("a");
        Assert.Equal(TimeSpan.Zero, addresses.Wait(new Random(1)));
    }
}
