using System.Net;
using VideoScale.Harness;

namespace VideoScale.Gateway.Tests;

/// <summary>What a page of another origin may ask a gateway.</summary>
[Collection(nameof(ScriptedFleet))]
public sealed class OriginTests(ScriptedFleet fleet)
{
    private const string Origin = "https://app.example.com";

    private async Task<HttpResponseMessage> AskAsync(string method, string path, params (string Name, string Value)[] headers)
    {
        using var http = new HttpClient();
        using var request = new HttpRequestMessage(new HttpMethod(method), $"http://127.0.0.1:{fleet.Replica.Options.HttpPort}{path}");
        request.Headers.Add("Origin", Origin);
        foreach (var (name, value) in headers) request.Headers.Add(name, value);
        return await http.SendAsync(request);
    }

    private static string? One(HttpResponseMessage reply, string header) =>
        reply.Headers.TryGetValues(header, out var values) ? Assert.Single(values) : null;

    [LiveKitSurface("Signalling", "HEAD / and GET / across origins (quick reconnect, prepareConnection), preflights", Surface.Served)]
    [Theory]
    [InlineData("HEAD", "/", 200)] // the quick reconnect of livekit-client, and what it prepares a connection with
    [InlineData("GET", "/", 200)]
    [InlineData("HEAD", "//", 200)]
    [InlineData("HEAD", "/rtc/v1", 401)]
    [InlineData("GET", "/rtc/validate", 401)]
    [InlineData("HEAD", "/rtc/v1/validate", 401)]
    [InlineData("GET", "/settings/regions", 404)]
    public async Task A_page_of_another_origin_reads_the_answer(string method, string path, int status)
    {
        using var reply = await AskAsync(method, path);
        Assert.Equal((status, "*"), ((int)reply.StatusCode, One(reply, "Access-Control-Allow-Origin")));
        Assert.Equal(method == "HEAD", (await reply.Content.ReadAsByteArrayAsync()).Length == 0);
    }

    [Theory]
    [InlineData("/")]
    [InlineData("/rtc/v1/validate")]
    [InlineData("/twirp/livekit.RoomService/ListRooms")]
    public async Task A_preflight_is_answered(string path)
    {
        using var reply = await AskAsync("OPTIONS", path, ("Access-Control-Request-Method", "POST"),
            ("Access-Control-Request-Headers", "authorization"), ("Access-Control-Request-Private-Network", "true"));
        Assert.Equal((HttpStatusCode.OK, "*"), (reply.StatusCode, One(reply, "Access-Control-Allow-Origin")));
        Assert.Equal(("GET, HEAD, POST, OPTIONS", "authorization", "true"),
            (One(reply, "Access-Control-Allow-Methods"), One(reply, "Access-Control-Allow-Headers"),
            One(reply, "Access-Control-Allow-Private-Network")));
        using var plain = await AskAsync("OPTIONS", path);
        Assert.Null(One(plain, "Access-Control-Allow-Private-Network"));
    }

    [Theory]
    [InlineData("/page/state")]
    [InlineData("/page/token?room=a&identity=b")] // for the page itself alone
    [InlineData("/app.js")]
    [InlineData("/healthz")]
    [InlineData("/readyz")]
    public async Task What_is_not_for_clients_says_nothing_of_origins_and_has_a_head(string path)
    {
        using var reply = await AskAsync("HEAD", path);
        Assert.True(reply.IsSuccessStatusCode, $"{path}: {reply.StatusCode}");
        Assert.Null(One(reply, "Access-Control-Allow-Origin"));
        Assert.Empty(await reply.Content.ReadAsByteArrayAsync());
    }
}
