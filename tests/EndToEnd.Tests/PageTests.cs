using Microsoft.Playwright;
using VideoScale.Harness;
using VideoScale.Harness.Browsers;
using VideoScale.Harness.Processes;

namespace VideoScale.EndToEnd.Tests;

/// <summary>The page that every replica serves.</summary>
[Collection(nameof(Stage))]
public sealed class PageTests(Stage stage) : IAsyncLifetime
{
    private readonly List<IBrowser> _browsers = [];
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("vs-page-");

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync()
    {
        foreach (var browser in _browsers) await browser.DisposeAsync();
        _folder.Delete(recursive: true);
    }

    private async Task<IPage> OpenAsync(int replica, string name, string room = "page", string microphone = "")
    {
        var browser = await Chromium.LaunchAsync(stage.Browsers.Playwright, microphone);
        _browsers.Add(browser);
        var page = await browser.NewPageAsync(new BrowserNewPageOptions { ViewportSize = new ViewportSize { Width = 1360, Height = 800 } });
        await page.GotoAsync($"http://{stage.Cluster.Replicas[replica].HttpAddress}/?room={room}&name={name}&join=1");
        return page;
    }

    private static Task ShowsAsync(IPage page, string selector, string what) =>
        Eventually.HoldsAsync(async () => await page.Locator(selector).CountAsync() > 0, what,
            details: () => page.InnerTextAsync("body").Result);

    private static Task PlaysAsync(IPage page, int tiles) => Eventually.HoldsAsync(
        async () =>
            await page.EvaluateAsync<int>(
                "[...document.querySelectorAll('.tile video')]"
                + ".filter((video) => video.videoWidth > 0 && video.currentTime > 0.5).length") == tiles,
        $"{tiles} tiles play", details: () => page.InnerTextAsync("body").Result);

    [LiveKitSurface("Around it", "livekit-client from this server's own page", Surface.Served)]
    [Fact]
    public async Task Its_link_joins_a_call_and_beside_it_stands_the_fleet()
    {
        var ann = await OpenAsync(0, "ann");
        var bob = await OpenAsync(1, "bob");
        await PlaysAsync(ann, 2);
        await PlaysAsync(bob, 2);
        await Eventually.HoldsAsync(async () => await ann.Locator("#replicas tr").CountAsync() == 3
            && await ann.Locator("#nodes tbody tr").CountAsync() == 2, "replicas and nodes are shown");
        await Eventually.HoldsAsync(async () => (await ann.InnerTextAsync("#rooms tbody")).Contains("page", StringComparison.Ordinal),
            "the room is shown");
        await Eventually.HoldsAsync(async () => (await ann.InnerTextAsync("#events"))
            .Contains("bob joined room page", StringComparison.Ordinal), "events are shown in words");
        await ShowsAsync(ann,
            ".tile[data-identity=bob] .quality.excellent, .tile[data-identity=bob] .quality.good, .tile[data-identity=bob] .quality.poor",
            "the quality of each is shown");
        if (Environment.GetEnvironmentVariable("VS_SCREENSHOT") is { Length: > 0 } path)
            await ann.ScreenshotAsync(new PageScreenshotOptions { Path = path });
        Assert.Equal("none", await ann.EvaluateAsync<string>("getComputedStyle(document.getElementById('join')).display"));
        await ann.ClickAsync("#leave");
        await Eventually.HoldsAsync(async () => await ann.IsVisibleAsync("#join"), "one can join again");
        await PlaysAsync(bob, 1);
    }

    [Fact]
    public async Task Who_speaks_is_shown_also_to_whoever_comes_later_until_they_are_silent()
    {
        var ann = await OpenAsync(0, "ann", "page-speaking", Speech.Write(_folder.FullName));
        await ShowsAsync(ann, ".tile[data-identity=ann].speaking", "ann sees herself speak");
        var bob = await OpenAsync(1, "bob", "page-speaking");
        await ShowsAsync(bob, ".tile[data-identity=ann].speaking", "bob sees ann speak");
        await ann.ClickAsync("#microphone");
        await Eventually.HoldsAsync(async () => await bob.Locator(".tile[data-identity=ann].speaking").CountAsync() == 0, "ann is silent");
        await Eventually.HoldsAsync(async () => await bob.InnerTextAsync(".tile[data-identity=ann] .muted") == "muted", "and muted");
    }

    [Fact]
    public async Task A_shared_screen_has_a_tile_of_its_own_while_it_is_shared()
    {
        var ann = await OpenAsync(0, "ann", "page-screen");
        var bob = await OpenAsync(2, "bob", "page-screen");
        await PlaysAsync(bob, 2);
        await ann.ClickAsync("#screen");
        await ShowsAsync(bob, ".tile.screen[data-identity=ann] video", "bob has a tile of ann's screen");
        await PlaysAsync(bob, 3);
        await Eventually.HoldsAsync(async () => await ann.GetAttributeAsync("#screen", "aria-pressed") == "true", "the button says so");
        await ann.ClickAsync("#screen");
        await Eventually.HoldsAsync(async () => await bob.Locator(".tile.screen").CountAsync() == 0, "the tile has gone");
        await PlaysAsync(bob, 2);
    }

    [Fact]
    public async Task A_replica_that_is_away_or_knows_no_leader_is_said_and_the_way_to_the_others_shown()
    {
        var browser = await Chromium.LaunchAsync(stage.Browsers.Playwright, "");
        _browsers.Add(browser);
        var page = await browser.NewPageAsync();
        await page.GotoAsync($"http://{stage.Cluster.Replicas[0].HttpAddress}/?room=away&name=ann");
        await Eventually.HoldsAsync(async () => await page.Locator("#replicas tr").CountAsync() == 3, "replicas are shown");
        Assert.False(await page.IsVisibleAsync("#away"));
        await page.RouteAsync("**/page/state", route => route.AbortAsync());
        await Eventually.HoldsAsync(async () => (await page.InnerTextAsync("#away"))
            .StartsWith("This replica does not answer.", StringComparison.Ordinal), "the page says that its replica is away");
        var ways = await page.EvaluateAsync<string[]>("[...document.querySelectorAll('#away a')].map((a) => a.href)");
        Assert.Equal(stage.Cluster.Replicas.Skip(1).Select(r => $"http://{r.HttpAddress}/?room=away&name=ann")
            .Order(StringComparer.Ordinal), ways.Order(StringComparer.Ordinal));
        await page.UnrouteAsync("**/page/state");
        await Eventually.HoldsAsync(async () => !await page.IsVisibleAsync("#away"), "it is back");
        await page.RouteAsync("**/page/state", async route =>
        {
            var answer = await route.FetchAsync();
            await route.FulfillAsync(new RouteFulfillOptions
            {
                Response = answer,
                Body = (await answer.TextAsync()).Replace("\"isLeader\":true", "\"isLeader\":false", StringComparison.Ordinal),
            });
        });
        await Eventually.HoldsAsync(async () => (await page.InnerTextAsync("#away"))
            .StartsWith("This replica knows no leader", StringComparison.Ordinal), "the page says that there is no leader");
    }

    [Fact]
    public async Task The_librarys_licence_goes_with_it()
    {
        using var http = new HttpClient { BaseAddress = new Uri($"http://{stage.Cluster.Replicas[2].HttpAddress}") };
        Assert.Contains("Apache License", await http.GetStringAsync("/livekit-client.LICENSE.txt"), StringComparison.Ordinal);
        Assert.True((await http.GetStringAsync("/livekit-client.js")).Length > 100_000);
        using var missing = await http.GetAsync(new Uri("/page/nothing", UriKind.Relative));
        Assert.Equal(System.Net.HttpStatusCode.NotFound, missing.StatusCode);
    }
}
