using VideoScale.Chaos.Report;
using VideoScale.Chaos.Scenarios;
using VideoScale.Chaos.Timelines;
using VideoScale.Harness.Browsers;

namespace VideoScale.EndToEnd.Tests;

/// <summary>
/// The page of a run, in a browser: everything that happened is drawn, and nothing that a run says becomes part of the page.
/// </summary>
public sealed class ChaosReportTests : IAsyncLifetime
{
    private const string Hostile = "</script><img src=x onerror=\"document.title='broken'\">";
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("videoscale-report-");
    private ChromiumPool _pool = null!;

    public async Task InitializeAsync() => _pool = await ChromiumPool.CreateAsync();

    public async Task DisposeAsync()
    {
        await _pool.DisposeAsync();
        _folder.Delete(recursive: true);
    }

    [Fact]
    public async Task The_page_draws_the_run_and_can_be_zoomed()
    {
        var file = Path.Combine(_folder.FullName, Timeline.PageName);
        await File.WriteAllTextAsync(file, ReportPage.Of(Run()));
        await using var tab = await ChromiumTab.OpenAsync(_pool);
        await tab.GoToAsync($"file://{file}");
        Assert.Equal("split-brain: A law was broken", await tab.EvaluateAsync<string>("document.title"));
        var drawn = await tab.EvaluateAsync<int[]>(
            "[...['fault', 'role', 'call', 'load'].map(kind => document.querySelectorAll(`#chart .${kind}`).length)]");
        Assert.Equal([1, 4, 3, 1], drawn);
        var text = await tab.EvaluateAsync<string>("document.body.innerText");
        Assert.Contains(Hostile, text, StringComparison.Ordinal);
        Assert.Contains("./videoscale chaos run split-brain --seed 7", text, StringComparison.Ordinal);
        Assert.Contains("replica-2 leads", await tab.EvaluateAsync<string>("""
            (() => {
                document.querySelectorAll('#chart .role')[3].dispatchEvent(new PointerEvent('pointermove'));
                return tip.textContent;
            })()
            """), StringComparison.Ordinal);
        const string width = "Number(document.querySelector('#chart .fault').getAttribute('width'))";
        var before = await tab.EvaluateAsync<double>(width);
        await tab.EvaluateAsync<bool>("chart.dispatchEvent(new WheelEvent('wheel', { deltaY: -1, clientX: 400, cancelable: true }))");
        Assert.True(await tab.EvaluateAsync<double>(width) > before * 1.2);
        Assert.Empty(tab.Console);
    }

    private static TimelineData Run()
    {
        var result = new ScenarioResult { Scenario = "split-brain", Seed = 7 };
        result.Tested("one leader in a term", 3, [Hostile]);
        result.Conclude();
        return new TimelineData(result, "./videoscale chaos run split-brain --seed 7", 10_000,
            [new("leader-alone", 2_000, 6_000, [[0, 1], [1, 0]], [1], [0])],
            [[new(0, "leader", 1, 0), new(2_500, "follower", 1, null)], [new(0, "follower", 1, 0), new(2_600, "leader", 2, 1)]],
            [[new(2_100, 900, false, "told", "Unavailable: no leader is known"), new(3_000, 4, true, "failed", Hostile)],
                [new(3_000, 12, false, "served", null)]],
            [new(2_000, 12, 0, 0, 3, 9)], []);
    }
}
