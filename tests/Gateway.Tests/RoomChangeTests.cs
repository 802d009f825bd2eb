using System.Net.Http.Headers;
using System.Text.Json;
using VideoScale.Harness;
using VideoScale.Harness.Signalling;
using VideoScale.V1;

namespace VideoScale.Gateway.Tests;

/// <summary>What the server API changes of rooms and participants that have an owner.</summary>
[Collection(nameof(ScriptedFleet))]
public sealed class RoomChangeTests
{
    private static readonly HttpClient Http = new();
    private readonly ScriptedFleet _fleet;

    public RoomChangeTests(ScriptedFleet fleet)
    {
        _fleet = fleet;
        foreach (var node in fleet.Nodes) node.Reset();
    }

    private async Task<int> CallAsync(string method, string room, object request)
    {
        using var call = new HttpRequestMessage(HttpMethod.Post,
            $"http://127.0.0.1:{_fleet.Replica.Options.HttpPort}/twirp/livekit.RoomService/{method}")
        {
            Content =
            TwirpServer.Json(JsonSerializer.Serialize(request))
        };
        call.Headers.Authorization = new AuthenticationHeaderValue("Bearer", TwirpServer.Admin(room));
        using var reply = await Http.SendAsync(call);
        return (int)reply.StatusCode;
    }

    private async Task<ParticipantRole> RoleAsync(string room) =>
        Assert.Single((await _fleet.Replica.Rooms.ListParticipantsAsync(new ListParticipantsRequest { RoomId = room })).Participants).Role;

    [LiveKitSurface("Server API", "UpdateParticipant: what it permits is in the log too", Surface.Served)]
    [Fact]
    public async Task Who_may_publish_has_a_publishers_seat_from_then_on()
    {
        const string Room = "promoted";
        await _fleet.Replica.Rooms.CreateRoomAsync(new CreateRoomRequest { RequestId = Room, RoomId = Room, MaxPublishers = 1 });
        using var ann = await SignalClient.JoinAsync(_fleet.Gateway, Room, "ann", video => video["canPublish"] = false);
        var owner = _fleet.Nodes.Single(node => node.Opened.Any(open => open.RoomId == Room));
        Assert.Equal(ParticipantRole.Subscriber, await RoleAsync(Room));
        Assert.Equal(200,
            await CallAsync("UpdateParticipant", Room, new { room = Room, identity = "ann", metadata = "no word of what she may" }));
        Assert.Equal(ParticipantRole.Subscriber, await RoleAsync(Room));
        Assert.Equal(200, await CallAsync("UpdateParticipant", Room, new
        {
            room = Room,
            identity = "ann",
            permission = new { canSubscribe = true, canPublish = true }
        }));
        Assert.Equal(ParticipantRole.Publisher, await RoleAsync(Room));
        Assert.Equal(200,
            await CallAsync("UpdateParticipant", Room, new { room = Room, identity = "ann", permission = new { canSubscribe = true } }));
        Assert.Equal(ParticipantRole.Subscriber, await RoleAsync(Room));

        // A cap holds for those who are promoted as for those who join: the owner is not even asked.
        await _fleet.Replica.Rooms.AdmitParticipantAsync(new AdmitParticipantRequest
        {
            RequestId = $"{Room}-bob",
            RoomId = Room,
            Identity = "bob",
            Role = ParticipantRole.Publisher,
        });
        var before = owner.Changes.Count;
        Assert.Equal(429, await CallAsync("UpdateParticipant", Room, new
        {
            room = Room,
            identity = "ann",
            permission = new { canSubscribe = true, canPublish = true }
        }));
        Assert.Equal(before, owner.Changes.Count);
    }

    [Theory]
    [InlineData("before it is revoked")]
    [InlineData("between owners")]
    [InlineData("when it has a new owner")]
    public async Task A_new_owner_shows_the_newest_metadata_whenever_it_changed_during_the_move(string when)
    {
        var room = $"racing-{when.Length}";
        var (client, owner, other) = await _fleet.JoinAsync(room);
        using (client)
        {
            await _fleet.SeatAsync(room, client, owner);
            if (when == "before it is revoked") await ChangeAsync();
            await _fleet.MoveAsync(room, owner, when == "between owners" ? ChangeAsync : null);
            if (when == "when it has a new owner") await ChangeAsync();
            await Eventually.HoldsAsync(() => Newest(other) == "newest", "the new owner knows it", details: () => Newest(other));
        }

        async Task ChangeAsync() => Assert.Equal(200, await CallAsync("UpdateRoomMetadata", room, new { room, metadata = "newest" }));
    }

    /// <summary>As an owner does: of what sessions bring and gateways tell, the newest holds.</summary>
    private static string Newest(ScriptedNode node) => node.Opened.Select(open => (Version: open.RoomVersion, open.Room))
        .Concat(node.Changes.Where(change => change.Room is not null).Select(change => (change.Room.Version, change.Room.Room)))
        .OrderBy(told => told.Version).Select(told => LiveKit.Proto.Room.Parser.ParseFrom(told.Room).Metadata).LastOrDefault("");
}
