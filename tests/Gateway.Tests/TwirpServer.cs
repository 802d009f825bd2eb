using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using VideoScale.ControlPlane.Tests.HostTests;

namespace VideoScale.Gateway.Tests;

/// <summary>One replica on real sockets, and plain HTTP calls to it: what curl would send, without any SDK.</summary>
public sealed class TwirpServer : IAsyncLifetime
{
    private static readonly HttpClient Http = new() { Timeout = TimeSpan.FromSeconds(60) };
    private TestCluster? _cluster;

    internal TestCluster Cluster => _cluster!;

    public async Task InitializeAsync() => _cluster = await TestCluster.StartAsync(1);

    public async Task DisposeAsync() => await Cluster.DisposeAsync();

    internal static string Token(object video, object? roomConfig = null) =>
        TokenTests.Mint(new { iss = "devkey", sub = "backend", exp = DateTimeOffset.UtcNow.ToUnixTimeSeconds() + 600, video, roomConfig });

    /// <summary>May do everything in the room.</summary>
    internal static string Admin(string room = "") => Token(new { roomCreate = true, roomList = true, roomAdmin = true, room });

    /// <returns>Status, media type and body.</returns>
    internal async Task<(int Status, string Type, string Body)> SendAsync(HttpMethod method, string path, HttpContent? content = null,
        string? token = null)
    {
        using var request = new HttpRequestMessage(method, new Uri($"http://127.0.0.1:{Cluster.Http(0)}{path}",
            new UriCreationOptions { DangerousDisablePathAndQueryCanonicalization = true }));
        request.Content = content;
        if (token is not null) request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        using var reply = await Http.SendAsync(request);
        return ((int)reply.StatusCode, reply.Content.Headers.ContentType?.MediaType ?? "", await reply.Content.ReadAsStringAsync());
    }

    internal static StringContent Json(string body, string type = "application/json") =>
        new(body, Encoding.UTF8) { Headers = { ContentType = MediaTypeHeaderValue.Parse(type) } };

    /// <summary>A call that must succeed.</summary>
    internal async Task<JsonElement> CallAsync(string method, object request, string token)
    {
        var (status, _, body) = await SendAsync(HttpMethod.Post, "/twirp/livekit.RoomService/" + method,
            Json(JsonSerializer.Serialize(request)), token);
        Assert.True(status == 200, $"{method}: {status} {body}");
        return JsonDocument.Parse(body).RootElement;
    }

    /// <summary>A call that must be refused: with which code, and why.</summary>
    internal async Task<(string Code, string Why)> RefusedAsync(string method, object request, string token)
    {
        var (status, type, body) = await SendAsync(HttpMethod.Post, "/twirp/livekit.RoomService/" + method,
            Json(JsonSerializer.Serialize(request)), token);
        Assert.True(status >= 400 && type == "application/json", $"{method}: {status} {type} {body}");
        var refusal = JsonDocument.Parse(body).RootElement;
        return (refusal.GetProperty("code").GetString()!, refusal.GetProperty("msg").GetString()!);
    }
}
