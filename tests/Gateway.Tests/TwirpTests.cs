using System.Text.Json;
using Google.Protobuf;
using LiveKit.Proto;
using VideoScale.Harness;

namespace VideoScale.Gateway.Tests;

/// <summary>The server API as anything but an SDK calls it: routes, media types, bodies.</summary>
public sealed class TwirpTests(TwirpServer server) : IClassFixture<TwirpServer>
{
    private const string ListRooms = "/twirp/livekit.RoomService/ListRooms";

    [Theory]
    [InlineData(ListRooms)]
    [InlineData("/" + ListRooms)]
    [InlineData("//" + ListRooms + "/")]
    [InlineData("/twirp//livekit.RoomService//ListRooms//")]
    public async Task Slashes_too_many_mean_nothing(string path)
    {
        var (status, type, body) = await server.SendAsync(HttpMethod.Post, path, TwirpServer.Json("{\"names\":[\"nobody\"]}"),
            TwirpServer.Admin());
        Assert.Equal((200, "application/json"), (status, type));
        Assert.Equal("[]", JsonDocument.Parse(body).RootElement.GetProperty("rooms").GetRawText());
    }

    [LiveKitSurface("Signalling", "/rtc/v1/validate", Surface.Served)]
    [Theory]
    [InlineData("//rtc/v1", 400, "a WebSocket is expected")]
    [InlineData("/rtc/v1/", 400, "a WebSocket is expected")]
    [InlineData("//rtc//v1//validate/", 200, "success")]
    [InlineData("//rtc/validate", 200, "success")]
    public async Task Slashes_too_many_mean_nothing_to_signalling(string path, int status, string says)
    {
        var token = TwirpServer.Token(new { roomJoin = true, room = "standup" });
        var answer = await server.SendAsync(HttpMethod.Get, path + "?access_token=" + token);
        Assert.Equal(status, answer.Status);
        Assert.Contains(says, answer.Body, StringComparison.Ordinal);
    }

    [LiveKitSurface("Server API", "bad_route, malformed and other errors of Twirp", Surface.Served)]
    [Theory]
    [InlineData("GET", ListRooms, "application/json")]
    [InlineData("PUT", ListRooms, "application/json")]
    [InlineData("DELETE", "/twirp/livekit.RoomService/DeleteRoom", "application/json")]
    [InlineData("POST", "/twirp/livekit.RoomService/ListRoom", "application/json")]
    [InlineData("POST", "/twirp/livekit.RoomService/listRooms", "application/json")]
    [InlineData("POST", "/twirp/livekit.RoomService", "application/json")]
    [InlineData("POST", "/twirp/livekit.Egress/ListEgress", "application/json")]
    [InlineData("POST", "/twirp/livekit.RoomService/ListRooms/more", "application/json")]
    [InlineData("POST", "/twirp", "application/json")]
    [InlineData("POST", ListRooms, "text/plain")]
    [InlineData("POST", ListRooms, "application/x-www-form-urlencoded")]
    [InlineData("POST", ListRooms, "application/jsonp")]
    [InlineData("POST", ListRooms, null)]
    public async Task What_is_no_route_is_told_in_twirps_own_words(string method, string path, string? type)
    {
        foreach (var token in (string?[])[null, TwirpServer.Admin()])
        {
            using var content = method == "GET" ? null : type is null ? new ByteArrayContent("{}"u8.ToArray())
                : TwirpServer.Json("{}", type);
            var answer = await server.SendAsync(new HttpMethod(method), path, content, token);
            Assert.Equal((404, "application/json"), (answer.Status, answer.Type));
            var refusal = JsonDocument.Parse(answer.Body).RootElement;
            Assert.Equal("bad_route", refusal.GetProperty("code").GetString());
            Assert.NotEqual("", refusal.GetProperty("msg").GetString());
            Assert.Equal($"{method} {path}", refusal.GetProperty("meta").GetProperty("twirp_invalid_route").GetString());
        }
    }

    [Theory]
    [InlineData("{")]
    [InlineData("[]")]
    [InlineData("\"names\"")]
    [InlineData("{\"names\":7}")]
    [InlineData("{\"names\":[{}]}")]
    [InlineData("{} {}")]
    public async Task What_is_no_request_is_malformed(string body)
    {
        var answer = await server.SendAsync(HttpMethod.Post, ListRooms, TwirpServer.Json(body), TwirpServer.Admin());
        Assert.Equal((400, "application/json"), (answer.Status, answer.Type));
        Assert.Equal("malformed", JsonDocument.Parse(answer.Body).RootElement.GetProperty("code").GetString());
        using var octets = new ByteArrayContent([0xff, 0xff, 0xff]) { Headers = { ContentType = new("application/protobuf") } };
        Assert.Contains("\"malformed\"", (await server.SendAsync(HttpMethod.Post, ListRooms, octets, TwirpServer.Admin())).Body,
            StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("{}", "application/json; charset=utf-8")]
    [InlineData("{}", "Application/JSON")]
    [InlineData("", "application/json")]
    [InlineData(" null\n", "application/json;charset=UTF-8")]
    [InlineData("{\"names\":null,\"unheardOf\":[{\"a\":1}]}", "application/json")]
    public async Task What_says_nothing_asks_for_everything(string body, string type)
    {
        var answer = await server.SendAsync(HttpMethod.Post, ListRooms, TwirpServer.Json(body, type), TwirpServer.Admin());
        Assert.Equal((200, "application/json"), (answer.Status, answer.Type));
        Assert.Equal(JsonValueKind.Array, JsonDocument.Parse(answer.Body).RootElement.GetProperty("rooms").ValueKind);
    }

    [LiveKitSurface("Server API", "JSON with proto names and defaults", Surface.Served)]
    [Theory]
    [InlineData("{\"name\":\"spelt\",\"emptyTimeout\":77,\"maxParticipants\":\"12\"}")]
    [InlineData("{\"name\":\"spelt\",\"empty_timeout\":77,\"max_participants\":12}")]
    public async Task Names_are_read_in_either_spelling_and_answered_as_in_the_proto_with_defaults_written(string body)
    {
        var answer = await server.SendAsync(HttpMethod.Post, "/twirp/livekit.RoomService/CreateRoom", TwirpServer.Json(body),
            TwirpServer.Admin());
        Assert.Equal(200, answer.Status);
        var room = JsonDocument.Parse(answer.Body).RootElement;
        Assert.Equal("spelt", room.GetProperty("name").GetString());
        Assert.Equal((77, 12, 0, 0), (room.GetProperty("empty_timeout").GetInt32(), room.GetProperty("max_participants").GetInt32(),
            room.GetProperty("num_participants").GetInt32(), room.GetProperty("num_publishers").GetInt32()));
        Assert.Equal(("", JsonValueKind.False), (room.GetProperty("metadata").GetString(), room.GetProperty("active_recording").ValueKind));
        Assert.True(long.Parse(room.GetProperty("creation_time").GetString()!,
            System.Globalization.CultureInfo.InvariantCulture) > 1_700_000_000, "an int64 is a string");
        await server.CallAsync("DeleteRoom", new { room = "spelt" }, TwirpServer.Admin());
    }

    [LiveKitSurface("Server API", "protobuf", Surface.Served)]
    [Fact]
    public async Task Protobuf_is_answered_in_protobuf()
    {
        using var octets = new ByteArrayContent(new ListRoomsRequest { Names = { "nobody" } }
            .ToByteArray())
        { Headers = { ContentType = new("application/protobuf") } };
        var answer = await server.SendAsync(HttpMethod.Post, ListRooms, octets, TwirpServer.Admin());
        Assert.Equal((200, "application/protobuf", ""), answer);
    }

    [Fact]
    public async Task Who_has_no_token_is_told_so_in_json()
    {
        var answer = await server.SendAsync(HttpMethod.Post, ListRooms, TwirpServer.Json("{}"));
        Assert.Equal((401, "application/json"), (answer.Status, answer.Type));
        Assert.Contains("\"unauthenticated\"", answer.Body, StringComparison.Ordinal);
    }
}
