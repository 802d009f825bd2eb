using System.Net;
using Microsoft.AspNetCore.Builder;
using VideoScale.Harness.Browsers;
using VideoScale.Harness.Links;
using VideoScale.Harness.Processes;
using VideoScale.V1;

namespace VideoScale.EndToEnd.Tests;

/// <summary>
/// One replica and one media node whose UDP ports clients reach through a relay, as behind a NAT: every client's path can be made bad.
/// </summary>
public sealed class LossyStage : IAsyncLifetime
{
    private const int BasePort = 28_100;
    private const int UdpPort = BasePort + 600;
    private const int PagePort = 28_990;
    private const int Shards = 2;
    private static readonly IPAddress Outside = IPAddress.Parse("127.0.0.2");

    private TestCluster? _cluster;
    private WebApplication? _pages;
    private ChromiumPool? _browsers;

    internal UdpRelay Relay { get; private set; } = null!;

    public async Task InitializeAsync()
    {
        _cluster = await TestCluster.CreateAsync(replicas: 1, media: 1, BasePort);
        _cluster.Media[0].ExtraArguments.AddRange(["--shards", $"{Shards}", "--media-address", $"{Outside}"]);
        _cluster.Replicas[0].Start();
        _cluster.Media[0].Start();
        Relay = new UdpRelay(Outside, IPAddress.Loopback, Enumerable.Range(UdpPort, Shards));
        _pages = await Stage.ServePagesAsync(PagePort);
        _browsers = await ChromiumPool.CreateAsync();
        await _cluster.WaitForReadyAsync();
    }

    public async Task DisposeAsync()
    {
        if (_browsers is not null) await _browsers.DisposeAsync();
        if (_pages is not null) await _pages.DisposeAsync();
        Relay?.Dispose();
        if (_cluster is not null) await _cluster.DisposeAsync();
    }

    internal string SignalUrl => $"ws://{_cluster!.Replicas[0].HttpAddress}";

    /// <summary>A participant in a tab, with its path.</summary>
    internal async Task<(Caller Caller, RelayedClient Path)> JoinAsync(string room, string identity)
    {
        var before = Relay.Clients.Count;
        var caller = await Caller.OpenAsync(await ChromiumTab.OpenAsync(_browsers!), $"http://127.0.0.1:{PagePort}/caller.html", identity,
            () => Stage.LogsOf(_cluster!));
        await caller.JoinAsync(SignalUrl, Tokens.Join(room, identity));
        return (caller, await PathAfterAsync(before, identity));
    }

    /// <summary>The path of the client that came after so many.</summary>
    internal async Task<RelayedClient> PathAfterAsync(int before, string identity, Func<string>? details = null)
    {
        await Eventually.HoldsAsync(() => Relay.Clients.Count > before, $"{identity}'s checks come through the relay", details: details);
        return Relay.Clients[before];
    }

    /// <summary>What the node measures.</summary>
    internal async Task<GetRoomStatisticsReply> MeasureAsync(string room) =>
        await new StatisticsService.StatisticsServiceClient(_cluster!.Channel(_cluster.Media[0]))
            .GetRoomStatisticsAsync(new GetRoomStatisticsRequest { RoomId = room });

    /// <summary>The same, as an operator sees it.</summary>
    internal Task<CliResult> CtlAsync(params string[] arguments) =>
        CliProcess.RunAsync(["ctl", .. arguments, "--server", _cluster!.Replicas[0].GrpcAddress]);
}
