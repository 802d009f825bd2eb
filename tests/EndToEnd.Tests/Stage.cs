using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.FileProviders;
using Microsoft.Extensions.Logging;
using Microsoft.Playwright;
using VideoScale.TestKit;
using VideoScale.TestKit.Processes;

namespace VideoScale.EndToEnd.Tests;

[CollectionDefinition(nameof(Stage))]
public sealed class StageCollection : ICollectionFixture<Stage>;

/// <summary>Three replicas, two media nodes, and a Chromium whose pages are participants; shared by the tests of a class.</summary>
public sealed class Stage : IAsyncLifetime
{
    internal const int BasePort = 27_000;
    private const int PagePort = 27_900;
    private const int LogLines = 60;
    private static readonly string[] Flags =
    [
        "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync",
        "--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream", "--autoplay-policy=no-user-gesture-required", "--allow-loopback-in-peer-connection",
        "--disable-background-timer-throttling", "--disable-renderer-backgrounding", "--disable-backgrounding-occluded-windows",
    ];

    private WebApplication? _pages;
    private IPlaywright? _playwright;

    /// <summary>How long there is no control plane: longer than a lease; VS_OUTAGE_SECONDS for longer.</summary>
    internal static TimeSpan Outage => TimeSpan.FromSeconds(int.TryParse(Environment.GetEnvironmentVariable("VS_OUTAGE_SECONDS"), out var seconds) ? seconds : 8);

    internal TestCluster Cluster { get; private set; } = null!;
    internal IBrowser Browser { get; private set; } = null!;
    internal static string Clients => Repository.Path("tests", "EndToEnd.Tests", "clients");

    public async Task InitializeAsync()
    {
        Cluster = await TestCluster.StartAsync(replicas: 3, media: 2, BasePort);
        _pages = await ServePagesAsync(PagePort);
        _playwright = await Playwright.CreateAsync();
        Browser = await LaunchAsync(_playwright);
    }

    public async Task DisposeAsync()
    {
        if (Browser is not null) await Browser.DisposeAsync();
        _playwright?.Dispose();
        if (_pages is not null) await _pages.DisposeAsync();
        await Cluster.DisposeAsync();
    }

    internal string SignalUrl(int replica) => $"ws://{Cluster.Replicas[replica].HttpAddress}";

    /// <summary>A participant in a browser tab of its own profile, joined.</summary>
    /// <param name="alone">In a browser of its own: tabs of one browser share one fake camera, which may stay dark when several of them open it anew at once, as they do after a move.</param>
    internal async Task<Caller> JoinAsync(int replica, string room, string identity, object? options = null, string? token = null, bool alone = false)
    {
        var caller = await OpenAsync(identity, alone);
        await caller.JoinAsync(SignalUrl(replica), token ?? Tokens.Join(room, identity), options);
        return caller;
    }

    /// <summary>A tab that has not joined yet.</summary>
    internal async Task<Caller> OpenAsync(string identity, bool alone = false)
    {
        var own = alone ? await LaunchAsync(_playwright!) : null;
        return await Caller.OpenAsync(own ?? Browser, own, $"http://127.0.0.1:{PagePort}/caller.html", identity, () => LogsOf(Cluster));
    }

    /// <summary>The last lines that every process of a cluster wrote.</summary>
    internal static string LogsOf(TestCluster cluster) =>
        string.Join('\n', cluster.Replicas.Cast<ServerProcess>().Concat(cluster.Media).Select(server => $"{server.Name}:\n{string.Join('\n', server.Log.Split('\n').TakeLast(LogLines))}"));

    internal static Task<IBrowser> LaunchAsync(IPlaywright playwright) =>
        playwright.Chromium.LaunchAsync(new BrowserTypeLaunchOptions { ExecutablePath = "/usr/bin/chromium", Headless = true, Args = Flags });

    internal static async Task<WebApplication> ServePagesAsync(int port)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls($"http://127.0.0.1:{port}");
        var app = builder.Build();
        app.UseStaticFiles(new StaticFileOptions { FileProvider = new PhysicalFileProvider(Clients) });
        app.UseStaticFiles(new StaticFileOptions { FileProvider = new PhysicalFileProvider(Path.Combine(Clients, "node_modules", "livekit-client", "dist")) });
        await app.StartAsync();
        return app;
    }
}
