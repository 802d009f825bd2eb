using VideoScale.MediaNode.Ice;

namespace VideoScale.MediaNode.Tests.Ice;

public class CheckBudgetTests
{
    private readonly CheckBudget _budget = new(slots: 1024);

    private int Flood(Func<int, TransportAddress> from, int checks, long nowUs)
    {
        var computed = 0;
        for (var i = 0; i < checks; i++)
        {
            if (!_budget.Allows(from(i), isKnown: false, nowUs)) continue;
            computed++;
            _budget.Failed(from(i), nowUs);
        }
        return computed;
    }

    [Fact]
    public void One_address_costs_no_more_than_its_share_each_second()
    {
        var flood = TransportAddress.V4(0x0A000001, 4000);
        for (var second = 1; second < 5; second++)
            Assert.Equal(CheckBudget.FailuresPerAddress, Flood(_ => flood, 100_000, second * 1_000_000L));
    }

    [Fact]
    public void Many_addresses_cost_no_more_than_the_whole_and_known_ones_are_heard_all_the_same()
    {
        Assert.Equal(CheckBudget.FailuresInAll, Flood(i => TransportAddress.V4(0x0A000000u + (uint)i, 4000), 1_000_000, 7_000_000));
        Assert.False(_budget.Allows(TransportAddress.V4(0x0B000001, 9), isKnown: false, 7_500_000));
        Assert.True(_budget.Allows(TransportAddress.V4(0x0B000001, 9), isKnown: false, 8_000_000));
        Assert.True(new CheckBudget(1).Allows(TransportAddress.V4(0x0B000001, 9), isKnown: true, 7_500_000));
    }

    [Fact]
    public void A_client_behind_its_own_failures_is_heard_again_in_the_next_second()
    {
        var client = TransportAddress.V4(0x0A000001, 4000);
        Flood(_ => client, 1_000, 1_000_000);
        Assert.False(_budget.Allows(client, isKnown: false, 1_999_999));
        Assert.True(_budget.Allows(client, isKnown: false, 2_000_000));
    }
}
