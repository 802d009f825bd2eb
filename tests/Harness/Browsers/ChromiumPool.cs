using System.Collections.Concurrent;
using Microsoft.Playwright;

namespace VideoScale.Harness.Browsers;

/// <summary>
/// Browsers that were used and are whole wait for the next tab: to start one takes as long as half a join. Each has one tab at a time, see
/// <see cref="Caller"/>.
/// </summary>
public sealed class ChromiumPool : IAsyncDisposable
{
    private readonly ConcurrentStack<IBrowser> _idle = new();

    private ChromiumPool(IPlaywright playwright) => Playwright = playwright;

    public IPlaywright Playwright { get; }

    public static async Task<ChromiumPool> CreateAsync() => new(await Microsoft.Playwright.Playwright.CreateAsync());

    public async Task<IBrowser> TakeAsync()
    {
        while (_idle.TryPop(out var browser))
        {
            if (browser.IsConnected) return browser;
            await browser.DisposeAsync();
        }
        return await Chromium.LaunchAsync(Playwright);
    }

    public void GiveBack(IBrowser browser) => _idle.Push(browser);

    public async ValueTask DisposeAsync()
    {
        while (_idle.TryPop(out var browser)) await browser.DisposeAsync();
        Playwright.Dispose();
    }
}
