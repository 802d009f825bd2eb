using System.Diagnostics;
using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;
using VideoScale.Harness;
using VideoScale.Harness.Browsers;
using VideoScale.Harness.Processes;
using VideoScale.V1;
using Xunit.Abstractions;

namespace VideoScale.EndToEnd.Tests;

/// <summary>WHIP and WHEP by a library that nobody here wrote (whip-whep), in browsers, beside LiveKit's clients.</summary>
[Collection(nameof(Stage))]
public sealed class WhipTests(Stage stage, ITestOutputHelper output)
{
    private static readonly HttpClient Http = new();
    private static readonly string[] ThreeLayers = ["f", "h", "q"];

    [LiveKitSurface("Around it", "WHIP and WHEP", Surface.Served)]
    [Fact]
    public async Task A_page_publishes_by_WHIP_another_plays_by_WHEP_and_LiveKits_clients_see_the_first_alone()
    {
        const string Room = "whip";
        await using var bob = await stage.JoinAsync(1, Room, "bob");
        using var cat = new NodeClient("listener.mjs", stage.SignalUrl(2), Tokens.Join(Room, "cat"), "silent");
        await using var cam = await WhipPage.OpenAsync(stage);
        var began = Stopwatch.GetTimestamp();
        var resource = await cam.PublishAsync(0, Tokens.Join(Room, "cam"), ThreeLayers);
        output.WriteLine($"POST answered after {Stopwatch.GetElapsedTime(began).TotalMilliseconds:F0} ms");
        await bob.SeesAsync("cam");
        output.WriteLine($"twenty frames decoded after {Stopwatch.GetElapsedTime(began).TotalMilliseconds:F0} ms");
        await bob.HearsAsync("cam");
        await cat.HasAsync("frame", "cam", times: 2);
        await cat.HasAsync("audio", "cam");
        Assert.Equal("video camera video/VP8 true, audio microphone audio/opus false", await TracksAsync(bob, "cam"));
        Assert.All(await cam.RunAsync<int[]>("patches()"), status => Assert.Equal(204, status)); // candidates that trickled
        foreach (var (quality, width) in ((string, int)[])[("LOW", 240), ("HIGH", 960)])
        {
            await bob.RunAsync($"publications('cam').find((one) => one.kind === 'video').setVideoQuality(L.VideoQuality.{quality})");
            await Eventually.HoldsAsync(async () => (await bob.ReceivedAsync("cam", "video"))!.Width is var is_ && is_ > width * 0.7
                && is_ < width * 1.4, $"{quality} is {width} wide", details: () => bob.Story);
        }

        await using var player = await WhipPage.OpenAsync(stage);
        var seats = await SeatsAsync(Room);
        var played = await player.PlayAsync(2, Tokens.Join(Room, "player"));
        await player.DecodesAsync();
        await player.HearsAsync();
        Assert.Equal(seats + 1, await SeatsAsync(Room));
        Assert.Equal(0, await bob.CountAsync("participantConnected", "player"));

        // ICE begins anew, by the library's own PATCH, and everything goes on.
        Assert.All(await player.RunAsync<int[]>("patches()"), status => Assert.Equal(204, status));
        await player.RunAsync<object?>("restart()");
        await cam.RunAsync<object?>("restart()");
        Assert.Contains(200, await cam.RunAsync<int[]>("patches()"));
        await player.DecodesAsync();
        await bob.SeesAsync("cam");

        // at another gateway than the one that was asked before
        Assert.Equal(HttpStatusCode.OK, await DeleteAsync(1, played, Tokens.Join(Room, "player")));
        await Eventually.HoldsAsync(async () => await SeatsAsync(Room) == seats, "the player's seat is free");
        await cam.RunAsync<object?>("stop()");
        await bob.HasAsync("participantDisconnected", "cam");
        await Eventually.HoldsAsync(async () => await SeatsAsync(Room) == seats - 1, "the publisher's seat is free");
        Assert.Equal(HttpStatusCode.NotFound, await DeleteAsync(2, resource, Tokens.Join(Room, "cam")));
    }

    [Fact]
    public async Task A_session_ends_with_its_connection_whatever_becomes_of_gateways()
    {
        const string Room = "whip-ends";
        await using var bob = await stage.JoinAsync(1, Room, "bob");
        await using var cam = await WhipPage.OpenAsync(stage);
        var resource = await cam.PublishAsync(0, Tokens.Join(Room, "cam"));
        await bob.SeesAsync("cam");
        await stage.Cluster.Replicas[0].RestartAsync(); // the gateway that opened the session
        await Task.Delay(TimeSpan.FromSeconds(35)); // longer than a session waits for its client's signalling
        await bob.SeesAsync("cam");
        Assert.Equal(0, await bob.CountAsync("participantDisconnected", "cam"));
        var began = Stopwatch.GetTimestamp();
        await cam.RunAsync<object?>("closeSilently()");
        await bob.HasAsync("participantDisconnected", "cam");
        output.WriteLine($"closed without DELETE: gone after {Stopwatch.GetElapsedTime(began).TotalSeconds:F1} s");
        Assert.Equal(HttpStatusCode.NotFound, await DeleteAsync(2, resource, Tokens.Join(Room, "cam")));

        await using var removed = await WhipPage.OpenAsync(stage);
        resource = await removed.PublishAsync(2, Tokens.Join(Room, "cam"));
        await bob.SeesAsync("cam");
        await stage.Cluster.Rooms(stage.Cluster.Replicas[1]).RemoveParticipantAsync(new RemoveParticipantRequest
        {
            RequestId = Guid.NewGuid().ToString(),
            RoomId = Room,
            Identity = "cam",
        });
        await removed.EndsAsync();
        Assert.Equal(HttpStatusCode.NotFound, await DeleteAsync(1, resource, Tokens.Join(Room, "cam")));
    }

    [Fact]
    public async Task A_room_that_moves_ends_its_sessions_and_their_clients_come_back_to_the_new_owner()
    {
        const string Room = "whip-moves";
        await using var bob = await stage.JoinAsync(1, Room, "bob");
        await using var cam = await WhipPage.OpenAsync(stage);
        var resource = await cam.PublishAsync(0, Tokens.Join(Room, "cam"));
        await bob.SeesAsync("cam");
        await using var player = await WhipPage.OpenAsync(stage);
        await player.PlayAsync(1, Tokens.Join(Room, "player"));
        await player.DecodesAsync();
        var began = Stopwatch.GetTimestamp();
        await stage.Cluster.Rooms(stage.Cluster.Replicas[0])
            .MoveRoomAsync(new MoveRoomRequest { RequestId = Guid.NewGuid().ToString(), RoomId = Room });
        foreach (var page in (WhipPage[])[cam, player])
            await page.EndsAsync();
        output.WriteLine($"connections ended {Stopwatch.GetElapsedTime(began).TotalMilliseconds:F0} ms after the move was asked for");
        Assert.Equal(HttpStatusCode.NotFound, await DeleteAsync(2, resource, Tokens.Join(Room, "cam")));
        await using var again = await WhipPage.OpenAsync(stage);
        await again.PublishAsync(2, Tokens.Join(Room, "cam"));
        await bob.SeesAsync("cam");
        await using var playing = await WhipPage.OpenAsync(stage);
        await playing.PlayAsync(0, Tokens.Join(Room, "player"));
        await playing.DecodesAsync();
        output.WriteLine($"seen and played again after {Stopwatch.GetElapsedTime(began).TotalSeconds:F1} s");
    }

    [Fact]
    public async Task A_player_is_shown_the_screen_before_anybodys_camera_and_told_when_there_is_nothing()
    {
        const string Room = "whep-choice";
        await using var player = await WhipPage.OpenAsync(stage);
        var offer = await player.RunAsync<string>("offerOf(['audio', 'video'])");
        Assert.Equal((HttpStatusCode.Conflict, true), await PostAsync("whep", Tokens.Join(Room, "player"), offer));
        await using var ann = await stage.JoinAsync(0, Room, "ann");
        Assert.Equal((HttpStatusCode.Conflict, true), await PostAsync("whep", Tokens.Join(Room, "player"), offer));
        await ann.PublishAsync();
        await using var screen = await WhipPage.OpenAsync(stage);
        // A token that allows a screen alone makes what is published one.
        await screen.PublishAsync(1, Tokens.Join(Room, "screen", video =>
            video["canPublishSources"] = new[] { "screen_share", "screen_share_audio" }), height: 360);
        await ann.SeesAsync("screen");
        Assert.StartsWith("video screen_share ", await TracksAsync(ann, "screen"), StringComparison.Ordinal);
        await player.PlayAsync(2, Tokens.Join(Room, "player"));
        await player.DecodesAsync();
        await Eventually.HoldsAsync(async () => (await player.FlowAsync("inbound-rtp", "video")).GetProperty("width").GetInt32() > 400,
            "it is the screen", details: () => player.FlowAsync("inbound-rtp", "video").Result.ToString());
        await screen.RunAsync<object?>("stop()");
        await player.EndsAsync();
        await using var next = await WhipPage.OpenAsync(stage);
        await next.PlayAsync(2, Tokens.Join(Room, "player"));
        await next.DecodesAsync();
        Assert.InRange((await next.FlowAsync("inbound-rtp", "video")).GetProperty("width").GetInt32(), 1, 400);
    }

    [Fact]
    public async Task Firefox_publishes_and_plays()
    {
        const string Room = "whip-fox";
        await using var bob = await stage.JoinAsync(1, Room, "bob");
        await using var fox = await WhipPage.OpenAsync(stage, BrowserKind.Firefox);
        await fox.PublishAsync(0, Tokens.Join(Room, "fox"));
        await bob.SeesAsync("fox");
        await bob.HearsAsync("fox");
        await using var player = await WhipPage.OpenAsync(stage, BrowserKind.Firefox);
        await player.PlayAsync(2, Tokens.Join(Room, "player"));
        await player.DecodesAsync();
        await fox.RunAsync<object?>("stop()");
        await bob.HasAsync("participantDisconnected", "fox");
    }

    private static async Task<string> TracksAsync(Caller viewer, string identity) => (await viewer.RunAsync(
        $"publications('{identity}').map((one) => [one.kind, one.source, one.mimeType, one.trackInfo.simulcast].join(' '))"
        + ".sort().reverse().join(', ')")).GetString()!;

    private async Task<uint> SeatsAsync(string room) =>
        (await stage.Cluster.Rooms(stage.Cluster.Replicas[0]).GetRoomAsync(new GetRoomRequest { RoomId = room })).Room.Participants;

    private async Task<HttpStatusCode> DeleteAsync(int replica, string resource, string token)
    {
        using var request = new HttpRequestMessage(HttpMethod.Delete,
            $"http://{stage.Cluster.Replicas[replica].HttpAddress}{new Uri(resource).PathAndQuery}");
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        using var reply = await Http.SendAsync(request);
        return reply.StatusCode;
    }

    private async Task<(HttpStatusCode Status, bool SaysWhen)> PostAsync(string protocol, string token, string offer)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, $"http://{stage.Cluster.Replicas[1].HttpAddress}/{protocol}/v1");
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        request.Content = new StringContent(offer, new MediaTypeHeaderValue("application/sdp"));
        using var reply = await Http.SendAsync(request);
        return (reply.StatusCode, reply.Headers.RetryAfter is not null);
    }

    /// <summary>A page with the library.</summary>
    private sealed class WhipPage(Stage stage, ITab tab) : IAsyncDisposable
    {
        internal static async Task<WhipPage> OpenAsync(Stage stage, BrowserKind browser = BrowserKind.Chromium)
        {
            ITab tab = browser == BrowserKind.Firefox ? await FirefoxTab.OpenAsync() : await ChromiumTab.OpenAsync(stage.Browsers);
            var page = new WhipPage(stage, tab);
            await tab.GoToAsync(Stage.PageUrl("whip.html"));
            await Eventually.HoldsAsync(() => page.RunAsync<bool>("window.ready === true"), "the library is loaded",
                details: () => string.Join('\n', tab.Console));
            return page;
        }

        internal Task<T> RunAsync<T>(string script) => tab.EvaluateAsync<T>(script);

        /// <returns>The session's URL.</returns>
        internal Task<string> PublishAsync(int replica, string token, string[]? layers = null, int? height = null) =>
            tab.EvaluateAsync<string>("([url, token, layers, height]) => publish(url, token, layers, height)",
                new object?[] { Url(replica, "whip"), token, layers, height ?? (layers is null ? 180 : Caller.ThreeLayers) });

        internal Task<string> PlayAsync(int replica, string token) =>
            tab.EvaluateAsync<string>("([url, token]) => play(url, token)", new object?[] { Url(replica, "whep"), token });

        internal Task<JsonElement> FlowAsync(string type, string kind) => RunAsync<JsonElement>($"flow('{type}', '{kind}')");

        internal async Task DecodesAsync(int frames = 20)
        {
            var before = await FramesAsync();
            await Eventually.HoldsAsync(async () => await FramesAsync() >= before + frames, "the player decodes",
                details: () => $"{RunAsync<JsonElement>("state()").Result} {Stage.LogsOf(stage.Cluster)}");

            async Task<int> FramesAsync() => (await FlowAsync("inbound-rtp", "video")).GetProperty("frames").GetInt32();
        }

        /// <summary>DTLS is closed at once; that the connection is "disconnected" browsers find out by missing checks.</summary>
        internal Task EndsAsync() => Eventually.HoldsAsync(async () => await RunAsync<string>("state().dtls") is "closed" or "failed"
            || await RunAsync<string>("state().connection") is "closed" or "failed" or "disconnected", "its connection ends",
            details: () => RunAsync<JsonElement>("state()").Result.ToString());

        internal Task HearsAsync() => Eventually.HoldsAsync(
            async () => (await FlowAsync("inbound-rtp", "audio")).GetProperty("energy").GetDouble() > 0, "the player hears");

        private string Url(int replica, string protocol) => $"http://{stage.Cluster.Replicas[replica].HttpAddress}/{protocol}/v1";

        public ValueTask DisposeAsync() => tab.DisposeAsync();
    }
}
