using VideoScale.ControlPlane.Tests.HostTests;
using VideoScale.TestKit.Signalling;

namespace VideoScale.ControlPlane.Tests.Gateway;

[CollectionDefinition(nameof(ScriptedFleet))]
public sealed class ScriptedFleetCollection : ICollectionFixture<ScriptedFleet>;

/// <summary>A replica and two nodes of the tests' own.</summary>
public sealed class ScriptedFleet : IAsyncLifetime
{
    private const int FirstPort = 24_940;

    internal List<ScriptedNode> Nodes { get; } = [];
    internal List<ScriptedAgent> Agents { get; } = [];
    internal FakeReplica Replica { get; private set; } = null!;

    public async Task InitializeAsync()
    {
        Replica = await FakeReplica.StartAsync();
        for (var i = 0; i < 2; i++)
        {
            Nodes.Add(await ScriptedNode.StartAsync(FirstPort + i));
            var hello = ScriptedAgent.Hello($"media-{i + 1}", 1);
            hello.Address = Nodes[i].Address;
            Agents.Add((await ScriptedAgent.AttachAsync(Replica.Channel, hello)).KeepBeating());
        }
    }

    internal string Gateway => $"127.0.0.1:{Replica.Options.HttpPort}";

    /// <summary>Ann, in a room of her own.</summary>
    internal async Task<(SignalClient Client, ScriptedNode Owner, ScriptedNode Other)> JoinAsync(string room)
    {
        var client = await SignalClient.JoinAsync(Gateway, SignalClient.Token(room, "ann"));
        var owner = Nodes.Single(node => node.Opened.Any(open => open.RoomId == room));
        return (client, owner, Nodes.Single(node => node != owner));
    }

    public async Task DisposeAsync()
    {
        foreach (var agent in Agents) await agent.DisposeAsync();
        foreach (var node in Nodes) await node.DisposeAsync();
        await Replica.DisposeAsync();
    }
}
