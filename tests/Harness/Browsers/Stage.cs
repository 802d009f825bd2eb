using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.FileProviders;
using Microsoft.Extensions.Logging;
using VideoScale.Harness.Links;
using VideoScale.Harness.Processes;
using Xunit;

namespace VideoScale.Harness.Browsers;

/// <summary>Three replicas, two media nodes, and what starts browsers; shared by the tests.</summary>
public sealed class Stage : IAsyncLifetime
{
    public const int BasePort = 27_000;
    private const int PagePort = 27_900;
    private const int LogLines = 60;

    private WebApplication? _pages;
    private OwnAddress? _beyondLoopback;

    /// <summary>How long there is no control plane: longer than a lease; VS_OUTAGE_SECONDS for longer.</summary>
    public static TimeSpan Outage =>
        TimeSpan.FromSeconds(int.TryParse(Environment.GetEnvironmentVariable("VS_OUTAGE_SECONDS"), out var seconds) ? seconds : 8);

    public TestCluster Cluster { get; private set; } = null!;
    public ChromiumPool Browsers { get; private set; } = null!;
    public static string Clients => Repository.Path("tests", "EndToEnd.Tests", "clients");

    public async Task InitializeAsync()
    {
        _beyondLoopback = OwnAddress.Take();
        Cluster = await TestCluster.CreateAsync(replicas: 3, media: 2, BasePort);
        foreach (var node in Cluster.Media)
            node.ExtraArguments.AddRange(["--media-bind", "0.0.0.0", "--media-address", $"127.0.0.1,{_beyondLoopback.Text}"]);
        Cluster.Start();
        await Cluster.WaitForReadyAsync();
        _pages = await ServePagesAsync(PagePort);
        Browsers = await ChromiumPool.CreateAsync();
    }

    public async Task DisposeAsync()
    {
        if (Browsers is not null) await Browsers.DisposeAsync();
        if (_pages is not null) await _pages.DisposeAsync();
        if (Cluster is not null) await Cluster.DisposeAsync();
        _beyondLoopback?.Dispose();
    }

    /// <summary>A page of the tests' clients.</summary>
    public static string PageUrl(string page) => $"http://127.0.0.1:{PagePort}/{page}";

    public string SignalUrl(int replica) => $"ws://{Cluster.Replicas[replica].HttpAddress}";

    /// <summary>A participant, joined.</summary>
    public async Task<Caller> JoinAsync(int replica, string room, string identity, object? options = null, string? token = null,
        BrowserKind browser = BrowserKind.Chromium, string page = Caller.Page)
    {
        var caller = await OpenAsync(identity, browser, page);
        await caller.JoinAsync(SignalUrl(replica), token ?? Tokens.Join(room, identity), options);
        return caller;
    }

    /// <summary>A tab that has not joined yet.</summary>
    public async Task<Caller> OpenAsync(string identity, BrowserKind browser = BrowserKind.Chromium, string page = Caller.Page)
    {
        ITab tab = browser == BrowserKind.Firefox ? await FirefoxTab.OpenAsync() : await ChromiumTab.OpenAsync(Browsers);
        return await Caller.OpenAsync(tab, PageUrl(page), identity, () => LogsOf(Cluster));
    }

    /// <summary>
    /// The HTTP socket of a replica outlives its process, as under `up` or systemd's socket activation, until what is returned is disposed
    /// of.
    /// </summary>
    public static async Task<IAsyncDisposable> KeepSocketAsync(ReplicaProcess gateway)
    {
        await gateway.StopAsync();
        gateway.KeepHttpSocket();
        gateway.Start();
        var kept = new SocketOfReplica(gateway);
        try { await gateway.WaitForReadyAsync(); }
        catch
        {
            await kept.DisposeAsync();
            throw;
        }
        return kept;
    }

    private sealed class SocketOfReplica(ReplicaProcess gateway) : IAsyncDisposable
    {
        public async ValueTask DisposeAsync()
        {
            await gateway.RestartAsync(gateway.DropHttpSocket);
            await gateway.WaitForReadyAsync();
        }
    }

    /// <summary>The last lines that every process of a cluster wrote.</summary>
    public static string LogsOf(TestCluster cluster) =>
        string.Join('\n', cluster.Replicas.Cast<ServerProcess>().Concat(cluster.Media)
            .Select(server => $"{server.Name}:\n{string.Join('\n', server.Log.Split('\n').TakeLast(LogLines))}"));

    public static async Task<WebApplication> ServePagesAsync(int port)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls($"http://127.0.0.1:{port}");
        var app = builder.Build();
        app.UseStaticFiles(new StaticFileOptions { FileProvider = new PhysicalFileProvider(Clients) });
        foreach (var (folder, path) in ((string, string)[])[("livekit-client/dist", ""), ("livekit-client-v1/dist", "/v1"),
            ("whip-whep", "/whip-whep")])
            app.UseStaticFiles(new StaticFileOptions
            {
                FileProvider = new PhysicalFileProvider(Path.Combine(Clients, "node_modules", folder)),
                RequestPath = path,
            });
        await app.StartAsync();
        return app;
    }
}
