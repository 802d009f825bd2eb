using System.Globalization;
using System.Text.Json;
using VideoScale.ControlPlane.Tests.HostTests;
using VideoScale.Harness;
using VideoScale.V1;

namespace VideoScale.Gateway.Tests;

/// <summary>Rooms over the server API, whether or not anybody has joined: as replicated state holds them, under any name.</summary>
public sealed class TwirpRoomTests(TwirpServer server) : IClassFixture<TwirpServer>
{
    private static string Text(JsonElement room, string field) => room.GetProperty(field).GetString()!;
    private static uint Number(JsonElement room, string field) => room.GetProperty(field).GetUInt32();

    private async Task<JsonElement[]> ListAsync(params string[] names) =>
        [.. (await server.CallAsync("ListRooms", new { names }, TwirpServer.Admin())).GetProperty("rooms").EnumerateArray()];

    [LiveKitSurface("Server API", "CreateRoom, UpdateRoomMetadata, ListRooms", Surface.Served)]
    [Fact]
    public async Task A_room_has_what_its_makers_said_last_before_anybody_has_joined()
    {
        var token = TwirpServer.Admin("planned");
        var made = await server.CallAsync("CreateRoom", new
        {
            name = "planned",
            metadata = "one",
            empty_timeout = 5,
            departure_timeout = 30,
            tags = new { a = "b" },
            agents = new[] { new { agent_name = "x" } }
        }, token);
        Assert.Equal(("planned", "one", 5u, 30u, 0u), (Text(made, "name"), Text(made, "metadata"), Number(made, "empty_timeout"),
            Number(made, "departure_timeout"), Number(made, "max_participants")));
        var again = await server.CallAsync("CreateRoom",
            new { name = "planned", max_participants = 4_000_000_000, empty_timeout = uint.MaxValue }, token);
        Assert.Equal((4_000_000_000u, uint.MaxValue, 30u, "one"),
            (Number(again, "max_participants"), Number(again, "empty_timeout"), Number(again, "departure_timeout"),
            Text(again, "metadata")));
        Assert.Equal(Text(made, "sid"), Text(again, "sid")); // the same life of the room
        var updated = await server.CallAsync("UpdateRoomMetadata", new { room = "planned", metadata = "two" }, token);
        Assert.Equal("two", Text(updated, "metadata"));
        var listed = Assert.Single(await ListAsync("planned"));
        Assert.Equal(("two", 4_000_000_000u), (Text(listed, "metadata"), Number(listed, "max_participants")));
        await server.CallAsync("UpdateRoomMetadata", new { room = "planned", metadata = "" }, token);
        Assert.Equal("", Text(Assert.Single(await ListAsync("planned")), "metadata"));

        await server.CallAsync("DeleteRoom", new { room = "planned" }, token);
        Assert.Empty(await ListAsync("planned"));
        Assert.Equal("not_found", (await server.RefusedAsync("DeleteRoom", new { room = "planned" }, token)).Code);
        Assert.Equal("not_found", (await server.RefusedAsync("UpdateRoomMetadata", new { room = "planned", metadata = "x" }, token)).Code);
        var anew = await server.CallAsync("CreateRoom", new { name = "planned" }, token);
        Assert.Equal(("", 300u, 20u, 0u),
            (Text(anew, "metadata"), Number(anew, "empty_timeout"), Number(anew, "departure_timeout"), Number(anew, "max_participants")));
        await server.CallAsync("DeleteRoom", new { room = "planned" }, token);
    }

    [LiveKitSurface("Server API", "names of rooms: any text up to 256 bytes", Surface.Served)]
    [Theory]
    [InlineData("my room")]
    [InlineData("täst")]
    [InlineData("a/b")]
    [InlineData("room:123")]
    [InlineData("!id:example.com")]
    [InlineData("Zm9vYmFy+/==")]
    [InlineData("🎥🎥")]
    [InlineData("  around  ")]
    [InlineData("-dash")]
    [InlineData("_x000000000000000000000000000000000000000000000000")]
    [InlineData("256")]
    public async Task Any_text_names_a_room(string name)
    {
        if (name == "256") name = new string('é', 128);
        var token = TwirpServer.Admin(name);
        Assert.Equal(name, Text(await server.CallAsync("CreateRoom", new { name, metadata = "m" }, token), "name"));
        Assert.Equal(name, Text(await server.CallAsync("UpdateRoomMetadata", new { room = name, metadata = "n" }, token), "name"));
        Assert.Equal((name, "n"),
            (Text(Assert.Single(await ListAsync(name, "another")), "name"), Text(Assert.Single(await ListAsync(name)), "metadata")));
        Assert.Contains(await ListAsync(), room => Text(room, "name") == name);
        Assert.Empty((await server.CallAsync("ListParticipants", new { room = name }, token)).GetProperty("participants").EnumerateArray());
        Assert.Equal("not_found", (await server.RefusedAsync("RemoveParticipant", new { room = name, identity = "nobody" }, token)).Code);
        Assert.Equal("permission_denied",
            (await server.RefusedAsync("ListParticipants", new { room = name }, TwirpServer.Admin(name + "x"))).Code);

        var rooms = server.Cluster.Rooms(0);
        var wire = (await rooms.ListRoomsAsync(new ListRoomsRequest())).Rooms.Single(room => room.Name == name);
        Assert.Equal(wire, (await rooms.GetRoomAsync(new GetRoomRequest { RoomId = wire.RoomId })).Room);
        if (!Model.DerivedName.HasForm(name)) Assert.Equal(wire, (await rooms.GetRoomAsync(new GetRoomRequest { RoomId = name })).Room);
        var why = await new AuditService.AuditServiceClient(server.Cluster.Channel(0))
            .ExplainAsync(new ExplainRequest { RoomId = wire.RoomId });
        Assert.Contains(why.Words, line => line.Contains($"is called \"{name}\"", StringComparison.Ordinal));

        await server.CallAsync("DeleteRoom", new { room = name }, token);
        Assert.Empty(await ListAsync(name));
    }

    [Fact]
    public async Task What_is_no_name_or_too_much_is_refused_and_says_so()
    {
        var (code, why) = await server.RefusedAsync("CreateRoom", new { name = new string('é', 128) + "x" }, TwirpServer.Admin());
        Assert.Equal("invalid_argument", code);
        Assert.Contains("256 octets", why, StringComparison.Ordinal);
        Assert.Equal("invalid_argument", (await server.RefusedAsync("CreateRoom", new { }, TwirpServer.Admin())).Code);
        Assert.Equal("invalid_argument",
            (await server.RefusedAsync("CreateRoom", new { name = "r", room_preset = "big" }, TwirpServer.Admin())).Code);
        Assert.Equal("invalid_argument", (await server.RefusedAsync("CreateRoom",
            new { name = "r", metadata = new string('m', 512 * 1024 + 1) }, TwirpServer.Admin())).Code);
        Assert.Equal("permission_denied",
            (await server.RefusedAsync("CreateRoom", new { name = "r" }, TwirpServer.Token(new { roomList = true }))).Code);
        Assert.Equal("permission_denied",
            (await server.RefusedAsync("ListRooms", new { }, TwirpServer.Token(new { roomCreate = true }))).Code);
        Assert.Empty(await ListAsync("r", "", new string('x', 300)));
        var join = TwirpServer.Token(new { roomJoin = true, room = new string('x', 257) });
        var refused = await server.SendAsync(HttpMethod.Get, "/rtc/v1/validate?access_token=" + join);
        Assert.Equal(400, refused.Status);
        Assert.Contains("256 octets", refused.Body, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_largest_metadata_is_kept_in_either_format()
    {
        var metadata = new string('"', 512 * 1024); // two characters each in JSON
        Assert.Equal(metadata,
            Text(await server.CallAsync("CreateRoom", new { name = "large", metadata }, TwirpServer.Admin()), "metadata"));
        await server.CallAsync("DeleteRoom", new { room = "large" }, TwirpServer.Admin());
    }

    [LiveKitSurface("Tokens", "roomConfig", Surface.Served, "of the settings served here; agents, egress and tags are passed over")]
    [Fact]
    public async Task A_join_makes_its_room_as_its_token_says_and_leaves_an_open_one_as_it_is()
    {
        const string Name = "joined: first";
        var video = new { roomJoin = true, room = Name };
        async Task JoinAsync(object? roomConfig)
        {
            using var socket = new System.Net.WebSockets.ClientWebSocket();
            await socket.ConnectAsync(
                new Uri($"ws://127.0.0.1:{server.Cluster.Http(0)}/rtc/v1?access_token={TwirpServer.Token(video, roomConfig)}"),
                CancellationToken.None);
            await Eventually.HoldsAsync(async () => (await ListAsync(Name)) is [var room] && Number(room, "num_participants") == 1,
                "the room is made and has a seat taken");
        }
        await JoinAsync(new
        {
            emptyTimeout = 77,
            departure_timeout = 33,
            maxParticipants = 9,
            metadata = "by token",
            agents = new[] { new { agentName = "x" } },
            tags = new { a = "b" },
            unheardOf = 1,
        });
        var made = Assert.Single(await ListAsync(Name));
        Assert.Equal((77u, 33u, 9u, "by token"),
            (Number(made, "empty_timeout"), Number(made, "departure_timeout"), Number(made, "max_participants"), Text(made, "metadata")));
        await JoinAsync(new { metadata = "another" });
        Assert.Equal("by token", Text(Assert.Single(await ListAsync(Name)), "metadata"));
        var odd = await server.SendAsync(HttpMethod.Get,
            "/rtc/v1/validate?access_token=" + TwirpServer.Token(video, new { emptyTimeout = "soon" }));
        Assert.Equal(401, odd.Status);
        Assert.Contains("roomConfig", odd.Body, StringComparison.Ordinal);
        await server.CallAsync("DeleteRoom", new { room = Name }, TwirpServer.Admin());
    }

    [Fact]
    public async Task Many_who_create_the_same_room_at_once_get_one_room()
    {
        var made = await Task.WhenAll(Enumerable.Range(0, 50)
            .Select(i => server.CallAsync("CreateRoom", new { name = "race it", metadata = i.ToString(CultureInfo.InvariantCulture) },
            TwirpServer.Admin())));
        Assert.Single(made.Select(room => Text(room, "sid")).Distinct());
        Assert.Single(await ListAsync("race it"));
        await server.CallAsync("DeleteRoom", new { room = "race it" }, TwirpServer.Admin());
    }
}
