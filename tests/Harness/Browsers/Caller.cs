using System.Text.Json;
using VideoScale.Harness.Processes;

namespace VideoScale.Harness.Browsers;

/// <summary>One participant: livekit-client in a browser of its own, Chromium or Firefox.</summary>
/// <remarks>
/// Tabs of one browser share one fake camera, which stays dark for all of them, and for all that come after, when two open it at the same
/// moment.
/// </remarks>
public sealed class Caller : IAsyncDisposable
{
    private readonly ITab _tab;
    private readonly Func<string> _serverLogs;

    private Caller(ITab tab, string identity, Func<string> serverLogs)
    {
        _tab = tab;
        _serverLogs = serverLogs;
        Identity = identity;
    }

    /// <summary>With the newest library, and with its version 1.</summary>
    public const string Page = "caller.html", OldPage = "caller-v1.html";

    public string Identity { get; }

    /// <summary>A participant in a tab, not joined yet; the tab is the caller's from now on.</summary>
    public static async Task<Caller> OpenAsync(ITab tab, string url, string identity, Func<string> serverLogs)
    {
        try
        {
            await tab.GoToAsync(url);
            return new Caller(tab, identity, serverLogs);
        }
        catch
        {
            await tab.DisposeAsync();
            throw;
        }
    }

    public async Task JoinAsync(string url, string token, object? options = null)
    {
        try
        {
            await _tab.EvaluateAsync<int>("([url, token, options]) => join(url, token, options)",
                new object?[] { url, token, options ?? new { } });
        }
        catch (ScriptException e)
        {
            var story = Story;
            await DisposeAsync();
            throw new InvalidOperationException($"{Identity} could not join: {e.Message}\n{story}", e);
        }
    }

    /// <summary>High enough for three layers; the encoding of them is the most that these tests ask of a machine.</summary>
    public const int ThreeLayers = 540;

    public Task<string[]> PublishAsync(bool camera = true, bool microphone = true, int height = 180) =>
        _tab.EvaluateAsync<string[]>("([camera, microphone, height]) => publish(camera, microphone, height)",
            new object[] { camera, microphone, height });

    public Task<JsonElement> RunAsync(string script) => _tab.EvaluateAsync<JsonElement>(script)!;

    public async Task<Received?> ReceivedAsync(string from, string kind) =>
        await _tab.EvaluateAsync<Received?>("([from, kind]) => received(from, kind)", new[] { from, kind });

    public async Task<int> CountAsync(string eventKind, string detail = "") =>
        await _tab.EvaluateAsync<int>("([kind, detail]) => events.filter((e) => e.kind === kind && e.detail.startsWith(detail)).length",
            new[] { eventKind, detail });

    public Task HasAsync(string eventKind, string detail = "") =>
        Eventually.HoldsAsync(async () => await CountAsync(eventKind, detail) > 0, $"{Identity} sees {eventKind} {detail}",
            details: () => Story);

    /// <summary>Waits until so many frames more have been decoded than are now.</summary>
    public async Task SeesAsync(string from, int frames = 20)
    {
        var before = (await ReceivedAsync(from, "video"))?.Frames ?? 0;
        await Eventually.HoldsAsync(async () => (await ReceivedAsync(from, "video"))?.Frames >= before + frames, $"{Identity} sees {from}",
            details: () => Story + RunAsync($"received('{from}', 'video')").Result + RunAsync("sent()").Result);
    }

    public Task HearsAsync(string from) =>
        Eventually.HoldsAsync(async () => await ReceivedAsync(from, "audio") is { Energy: > 0, Packets: > 20 }, $"{Identity} hears {from}",
            details: () => Story + RunAsync($"received('{from}', 'audio')").Result);

    public Task WatchAsync(string from, string kind, int everyMs = 20) =>
        _tab.EvaluateAsync<JsonElement?>("([from, kind, everyMs]) => watch(from, kind, everyMs)", new object[] { from, kind, everyMs });

    /// <summary>Waits until the tab has noted it since then, in milliseconds since 1970 UTC.</summary>
    public Task HasSinceAsync(double sinceMs, string kind) =>
        Eventually.HoldsAsync(async () => (await NotedAsync(sinceMs)).Exists(noted => noted.Kind == kind), $"{Identity} notes {kind}",
            details: () => Story);

    public Task<int> GapMsAsync(string from, string kind) =>
        _tab.EvaluateAsync<int>("([from, kind]) => gapOf(from, kind)", new[] { from, kind });

    /// <summary>What the tab noted since then, oldest first.</summary>
    /// <param name="sinceMs">Milliseconds since 1970 UTC.</param>
    public async Task<List<Noted>> NotedAsync(double sinceMs)
    {
        var all = await _tab.EvaluateAsync<Noted[]>(
            "events.map((e) => ({ kind: e.kind, detail: e.detail, atMs: performance.timeOrigin + e.atMs }))");
        return [.. all.Where(noted => noted.AtMs >= sinceMs)];
    }

    /// <summary>What happened in the tab, and what the servers say of it, for a failed test.</summary>
    public string Story
    {
        get
        {
            var seen = _tab.EvaluateAsync<string>("events.map((e) => `${e.atMs} ${e.kind} ${e.detail}`).join('\\n')").GetAwaiter()
                .GetResult();
            return $"\n{Identity}:\n{seen}\n{string.Join('\n', _tab.Console.TakeLast(30))}\n{_serverLogs()}";
        }
    }

    public ValueTask DisposeAsync() => _tab.DisposeAsync();
}

/// <summary>Something a tab noted.</summary>
/// <remarks><c>AtMs</c>: milliseconds since 1970 UTC.</remarks>
public sealed class Noted
{
    public string Kind { get; set; } = "";
    public string Detail { get; set; } = "";
    public double AtMs { get; set; }
}

/// <summary>What a tab's receiver counted of one track.</summary>
public sealed class Received
{
    public long Packets { get; set; }
    public long Lost { get; set; }
    public long Frames { get; set; }
    public long KeyFrames { get; set; }
    public int Width { get; set; }
    public long Dropped { get; set; }
    public double Energy { get; set; }
    public double Samples { get; set; }
    public double Concealed { get; set; }
    public long Freezes { get; set; }
    public long Nacks { get; set; }
    public long Plis { get; set; }
    public long Retransmitted { get; set; }
}
