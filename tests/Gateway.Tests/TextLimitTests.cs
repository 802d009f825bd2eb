using System.Net.WebSockets;
using VideoScale.Harness;
using VideoScale.Model;

namespace VideoScale.Gateway.Tests;

/// <summary>What LiveKit's server refuses at the entrance, over plain HTTP.</summary>
public sealed class TextLimitTests(TwirpServer server) : IClassFixture<TwirpServer>
{
    [LiveKitSurface("Server API", "MutePublishedTrack", Surface.Served, "unmuting only with AllowRemoteUnmute")]
    [Fact]
    public async Task Opening_somebodys_microphone_from_outside_is_refused()
    {
        var admin = TwirpServer.Admin("room");
        Assert.Equal("failed_precondition", (await server.RefusedAsync("MutePublishedTrack",
            new { room = "room", identity = "ann", track_sid = "TR_1", muted = false }, admin)).Code);
        // false is the default
        Assert.Equal("failed_precondition",
            (await server.RefusedAsync("MutePublishedTrack", new { room = "room", identity = "ann", track_sid = "TR_1" }, admin)).Code);
        Assert.Equal("permission_denied",
            (await server.RefusedAsync("MutePublishedTrack", new { room = "other", identity = "ann", muted = false }, admin)).Code);
        Assert.Equal("not_found", (await server.RefusedAsync("MutePublishedTrack",
            new { room = "room", identity = "ann", track_sid = "TR_1", muted = true }, admin)).Code);
    }

    [LiveKitSurface("Server API", "limits of texts: invalid_argument", Surface.Served)]
    [Fact]
    public async Task Texts_of_participants_have_limits()
    {
        var admin = TwirpServer.Admin("room");
        foreach (var (field, request) in new (string, object)[]
        {
            ("name", new { room = "room", identity = "ann", name = new string('n', 257) }),
            ("metadata", new { room = "room", identity = "ann", metadata = new string('m', 512 * 1024 + 1) }),
            ("attributes", new
            {
                room = "room",
                identity = "ann",
                attributes = new Dictionary<string, string> { ["a"] = new string('a', 64 * 1024) },
            }),
        })
        {
            var (code, why) = await server.RefusedAsync("UpdateParticipant", request, admin);
            Assert.Equal("invalid_argument", code);
            Assert.StartsWith(field, why, StringComparison.Ordinal);
        }
        // as large as may be, and escaped
        Assert.Equal("not_found", (await server.RefusedAsync("UpdateParticipant",
            new { room = "room", identity = "ann", metadata = new string('"', 512 * 1024) }, admin)).Code);
    }

    [LiveKitSurface("Server API", "ForwardParticipant, MoveParticipant", Surface.Refused, "unimplemented, as in LiveKit's own server")]
    [LiveKitSurface("Server API", "PerformRpc", Surface.Refused, "unimplemented")]
    [Fact]
    public async Task Methods_that_are_not_there_say_that_they_are_not_served()
    {
        foreach (var method in (string[])["PerformRpc", "ForwardParticipant", "MoveParticipant"])
            Assert.Equal("unimplemented", (await server.RefusedAsync(method, new { room = "room" }, TwirpServer.Admin("room"))).Code);
        Assert.Equal("not_found", (await server.RefusedAsync("UpdateSubscriptions",
            new { room = "room", identity = "ann", track_sids = new[] { "TR_1" } }, TwirpServer.Admin("room"))).Code);
    }

    [LiveKitSurface("Tokens", "limits of identity, name, metadata, attributes", Surface.Served, "400, also for a name over 256 bytes")]
    [Theory]
    [InlineData("identity", 257, 400)]
    [InlineData("metadata", 512 * 1024 + 1, 400)]
    [InlineData("metadata", 100 * 1024, 200)]
    public async Task A_token_with_longer_texts_does_not_join(string field, int length, int status)
    {
        var text = new string('x', length);
        var token = TokenTests.Mint(new
        {
            iss = "devkey",
            sub = field == "identity" ? text : "ann",
            metadata = field == "metadata" ? text : "",
            exp = DateTimeOffset.UtcNow.ToUnixTimeSeconds() + 600,
            video = new { roomJoin = true, room = "room" },
        });
        var (got, _, body) = await server.SendAsync(HttpMethod.Get, "/rtc/v1/validate", token: token);
        Assert.True(got == status, $"{got} {body}");
        if (status == 400) Assert.Contains(field, body, StringComparison.Ordinal);
        if (status == 200) return;
        using var socket = new ClientWebSocket();
        socket.Options.SetRequestHeader("Authorization", "Bearer " + token);
        await Assert.ThrowsAsync<WebSocketException>(() =>
            socket.ConnectAsync(new Uri($"ws://127.0.0.1:{server.Cluster.Http(0)}/rtc/v1"), CancellationToken.None));
    }

    [Theory]
    [InlineData("removed by ann", 256, "removed by ann")]
    [InlineData("ab🎥", 3, "ab")] // half of it would be no text
    [InlineData("ab🎥", 4, "ab🎥")]
    [InlineData("abcd", 3, "abc")]
    public void A_text_that_is_too_long_is_cut_between_its_characters(string text, int maxLength, string cut) =>
        Assert.Equal(cut, TextLimits.Cut(text, maxLength));
}
