using System.Globalization;
using System.Net;
using Microsoft.AspNetCore.Builder;
using VideoScale.Harness.Browsers;
using VideoScale.Harness.Links;
using VideoScale.Harness.Processes;

namespace VideoScale.EndToEnd.Tests;

/// <summary>
/// One replica and two media nodes that clients reach under an address where UDP goes nowhere and TCP is relayed; so do both of Firefox's.
/// </summary>
public sealed class TcpStage : IAsyncLifetime
{
    private const int BasePort = 28_200;
    private const int PagePort = 28_991;
    private const int Shards = 2;

    private readonly List<UdpHole> _holes = [];
    private readonly List<TcpRelay> _relays = [];
    private OwnAddress? _address;
    private WebApplication? _pages;
    private ChromiumPool? _browsers;

    internal TestCluster Cluster { get; private set; } = null!;
    /// <summary>One for each media node.</summary>
    internal IReadOnlyList<TcpRelay> Relays => _relays;
    internal long UdpDatagrams => _holes.Sum(hole => hole.Datagrams);
    internal string SignalUrl => $"ws://{Cluster.Replicas[0].HttpAddress}";

    public async Task InitializeAsync()
    {
        _address = OwnAddress.Take();
        var outside = IPAddress.Parse(_address.Text);
        Cluster = await TestCluster.CreateAsync(replicas: 1, media: 2, BasePort);
        foreach (var node in Cluster.Media)
        {
            node.ExtraArguments.AddRange(["--shards", $"{Shards}", "--media-address", _address.Text]);
            _holes.Add(new UdpHole(outside, Enumerable.Range(node.UdpPort, Shards)));
            _relays.Add(new TcpRelay(outside, new IPEndPoint(IPAddress.Loopback, node.TcpPort)));
        }
        Cluster.Start();
        _pages = await Stage.ServePagesAsync(PagePort);
        _browsers = await ChromiumPool.CreateAsync();
        await Cluster.WaitForReadyAsync();
    }

    public async Task DisposeAsync()
    {
        if (_browsers is not null) await _browsers.DisposeAsync();
        if (_pages is not null) await _pages.DisposeAsync();
        foreach (var relay in _relays) relay.Dispose();
        foreach (var hole in _holes) hole.Dispose();
        if (Cluster is not null) await Cluster.DisposeAsync();
        _address?.Dispose();
    }

    /// <summary>For slow receivers, as the nodes' figures say.</summary>
    internal async Task<double> PicturesDroppedAsync()
    {
        const string Figure = "videoscale_media_tcp_pictures_dropped_total ";
        using var http = new HttpClient();
        var dropped = 0.0;
        foreach (var node in Cluster.Media)
        {
            var figures = await http.GetStringAsync(new Uri($"http://{node.HttpAddress}/metrics"));
            dropped += figures.Split('\n').Where(line => line.StartsWith(Figure, StringComparison.Ordinal))
                .Sum(line => double.Parse(line[Figure.Length..], CultureInfo.InvariantCulture));
        }
        return dropped;
    }

    internal async Task<Caller> JoinAsync(string room, string identity, BrowserKind browser = BrowserKind.Chromium,
        string page = Caller.Page)
    {
        ITab tab = browser == BrowserKind.Firefox ? await FirefoxTab.OpenAsync() : await ChromiumTab.OpenAsync(_browsers!);
        var caller = await Caller.OpenAsync(tab, $"http://127.0.0.1:{PagePort}/{page}", identity, () => Stage.LogsOf(Cluster));
        await caller.JoinAsync(SignalUrl, Tokens.Join(room, identity));
        return caller;
    }
}
