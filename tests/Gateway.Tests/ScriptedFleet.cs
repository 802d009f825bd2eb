using Google.Protobuf;
using LiveKit.Proto;
using VideoScale.ControlPlane.Tests.HostTests;
using VideoScale.Harness.Signalling;
using VideoScale.V1;
using MoveRoomRequest = VideoScale.V1.MoveRoomRequest;

namespace VideoScale.Gateway.Tests;

[CollectionDefinition(nameof(ScriptedFleet))]
public sealed class ScriptedFleetCollection : ICollectionFixture<ScriptedFleet>;

/// <summary>A replica and two nodes of the tests' own.</summary>
public sealed class ScriptedFleet : IAsyncLifetime
{
    internal List<ScriptedNode> Nodes { get; } = [];
    internal List<ScriptedAgent> Agents { get; } = [];
    internal FakeReplica Replica { get; private set; } = null!;

    /// <summary>What was applied, of all rooms, from the start on.</summary>
    internal AppliedEvents Applied { get; } = new();

    public async Task InitializeAsync()
    {
        Replica = await FakeReplica.StartAsync();
        Replica.App.Replica.Core.Machine.Feed.Add(Applied);
        for (var i = 0; i < 2; i++)
        {
            Nodes.Add(await ScriptedNode.StartAsync(TestPorts.Nodes + i));
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

    /// <summary>Her node has told what it takes to carry her to another, which her gateway has heard, and that she is there.</summary>
    internal async Task SeatAsync(string room, SignalClient client, ScriptedNode owner)
    {
        var session = SessionAt(owner, room);
        await owner.SayAsync(new SessionMessage
        {
            Carried = new CarriedSession
            {
                Participant = new ParticipantInfo
                {
                    Sid = "PA_1",
                    Identity = session.Identity
                }.ToByteString()
            }
        });
        await owner.SayAsync(
            new SessionMessage { Response = new SignalResponse { SpeakersChanged = new SpeakersChanged() }.ToByteString() });
        await client.HearsAsync(response => response.SpeakersChanged is not null, "what her node said after it");
        await AgentOf(owner).JoinedAsync(room, session.Epoch, session.Identity, session.SeatId);
    }

    /// <summary>Moves a room from its owner to the other node.</summary>
    /// <param name="betweenOwners">Done when the owner has been told to give it up, and has not yet.</param>
    internal async Task MoveAsync(string room, ScriptedNode owner, Func<Task>? betweenOwners = null)
    {
        var moving = Replica.Rooms.MoveRoomAsync(new MoveRoomRequest { RequestId = $"move-{room}", RoomId = room }).ResponseAsync;
        await AgentOf(owner).ToldAsync(directive => directive.Revoke?.RoomId == room, "to give the room up");
        if (betweenOwners is not null) await betweenOwners();
        await AgentOf(owner).ReleaseAsync(room, SessionAt(owner, room).Epoch);
        await moving;
    }

    private ScriptedAgent AgentOf(ScriptedNode node) => Agents[Nodes.IndexOf(node)];

    private static OpenSession SessionAt(ScriptedNode node, string room) => node.Opened.First(open => open.RoomId == room);

    public async Task DisposeAsync()
    {
        foreach (var agent in Agents) await agent.DisposeAsync();
        foreach (var node in Nodes) await node.DisposeAsync();
        await Replica.DisposeAsync();
    }
}
