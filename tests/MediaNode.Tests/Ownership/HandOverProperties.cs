using VideoScale.Harness;

namespace VideoScale.MediaNode.Tests.Ownership;

public sealed class HandOverProperties
{
    /// <summary>
    /// Two nodes and a leader that follows the rules: it counts leases from receipt plus a margin, revokes before it assigns, and waits for
    /// the release or the lease. Nodes freeze, messages are slow or lost with their stream, and the nodes' clocks run up to 4 % wrong.
    /// </summary>
    [Fact]
    public void Two_nodes_never_have_authority_over_one_room_at_the_same_moment() => Seeds.Run(300, random =>
    {
        var fleet = new ModelFleet(random);
        for (var step = 0; step < 600; step++)
        {
            fleet.Step();
            Assert.True(fleet.Owners() <= 1, $"two owners at {fleet.NowMs} ms: {fleet.Describe()}");
        }
    });

    [Fact]
    public void The_model_is_not_idle_rooms_do_change_hands()
    {
        var handOvers = 0;
        Seeds.Run(50, random =>
        {
            var fleet = new ModelFleet(random);
            for (var step = 0; step < 600; step++) fleet.Step();
            handOvers += fleet.HandOvers;
        });
        if (Environment.GetEnvironmentVariable("VS_SEED") is null) Assert.True(handOvers > 100, $"only {handOvers} hand-overs");
    }
}
