using Microsoft.Playwright;

namespace VideoScale.EndToEnd.Tests.Browsers;

/// <summary>A tab of Chromium, by Playwright.</summary>
internal sealed class ChromiumTab : ITab
{
    private readonly IBrowser _browser;
    private readonly IPage _page;
    private readonly List<string> _console = [];

    private ChromiumTab(IBrowser browser, IPage page)
    {
        _browser = browser;
        _page = page;
        page.Console += (_, message) => { lock (_console) _console.Add(message.Text); };
    }

    public IReadOnlyList<string> Console { get { lock (_console) return [.. _console]; } }

    internal static async Task<ChromiumTab> OpenAsync(IPlaywright playwright)
    {
        var browser = await Chromium.LaunchAsync(playwright);
        try { return new ChromiumTab(browser, await browser.NewPageAsync()); }
        catch
        {
            await browser.DisposeAsync();
            throw;
        }
    }

    public Task GoToAsync(string url) => _page.GotoAsync(url);

    public async Task<T> EvaluateAsync<T>(string script, object? argument = null)
    {
        try { return await _page.EvaluateAsync<T>(script, argument); }
        catch (PlaywrightException e) { throw new ScriptException(e.Message, e); }
    }

    public ValueTask DisposeAsync() => _browser.DisposeAsync();
}
