using VideoScale.ControlPlane.Participants;
using VideoScale.ControlPlane.Rooms;
using VideoScale.ControlPlane.Tests.HostTests;
using VideoScale.Harness.Signalling;
using VideoScale.V1;

namespace VideoScale.Gateway.Tests;

/// <summary>What a join asks of the log.</summary>
[Collection(nameof(ScriptedFleet))]
public sealed class JoinCostTests
{
    private readonly ScriptedFleet _fleet;

    public JoinCostTests(ScriptedFleet fleet)
    {
        _fleet = fleet;
        foreach (var node in fleet.Nodes) node.Reset();
    }

    /// <summary>The gateway's own, by the answers that are kept for it.</summary>
    private int Commands => _fleet.Replica.App.Replica.Core.Machine.AnswersBy.Of("gateway");

    [Fact]
    public async Task The_first_join_makes_the_room_places_it_and_takes_its_seat_in_one_entry_and_every_other_is_one_command()
    {
        var before = Commands;
        using var first = await JoinAsync("ann");
        Assert.Equal(2, Commands - before); // to open the room, and to take a seat in it
        Assert.Single(_fleet.Applied.Of("cost").Where(e => e.Event is RoomEvent or ParticipantEvent.Admitted).Select(e => e.Context.Index)
            .Distinct());
        Assert.Contains(_fleet.Applied.Of("cost"), e => e.Event is RoomEvent.Placed);
        using var second = await JoinAsync("bob");
        Assert.Equal(3, Commands - before);
    }

    [Fact]
    public async Task Who_waits_for_a_node_asks_the_log_no_more()
    {
        await using var replica = await FakeReplica.StartAsync();
        await using var node = await ScriptedNode.StartAsync(TestPorts.Nodes + 2);
        var gateway = $"127.0.0.1:{replica.Options.HttpPort}";
        using var client = await SignalClient.OpenAsync(gateway, SignalClient.Token("waits", "ann"));
        await Eventually.HoldsAsync(() => replica.App.Replica.Core.Machine.Size.Rooms == 1, "the room is made");
        await Task.Delay(300);
        var hello = ScriptedAgent.Hello("media-1", 1);
        hello.Address = node.Address;
        await using var agent = (await ScriptedAgent.AttachAsync(replica.Channel, hello)).KeepBeating();
        await client.HearsAsync(response => response.Join is not null, "that it has joined");
        Assert.Equal(2, replica.App.Replica.Core.Machine.AnswersBy.Of("gateway"));
    }

    private async Task<SignalClient> JoinAsync(string identity)
    {
        var client = await SignalClient.OpenAsync(_fleet.Gateway, SignalClient.Token("cost", identity));
        await client.HearsAsync(response => response.Join is not null, "that it has joined");
        return client;
    }
}
