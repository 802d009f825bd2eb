using Microsoft.Playwright;

namespace VideoScale.Harness.Browsers;

/// <summary>A tab of Chromium, by Playwright.</summary>
public sealed class ChromiumTab : ITab
{
    private readonly ChromiumPool _pool;
    private readonly IBrowser _browser;
    private readonly IPage _page;
    private readonly List<string> _console = [];

    private ChromiumTab(ChromiumPool pool, IBrowser browser, IPage page)
    {
        _pool = pool;
        _browser = browser;
        _page = page;
        page.Console += (_, message) => { lock (_console) _console.Add(message.Text); };
    }

    public IReadOnlyList<string> Console { get { lock (_console) return [.. _console]; } }

    public static async Task<ChromiumTab> OpenAsync(ChromiumPool pool)
    {
        var browser = await pool.TakeAsync();
        try { return new ChromiumTab(pool, browser, await browser.NewPageAsync()); } // in a context of its own, which ends with the page
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

    public async ValueTask DisposeAsync()
    {
        try { await _page.CloseAsync(); }
        catch (PlaywrightException)
        {
            await _browser.DisposeAsync(); // it is not whole any more
            return;
        }
        _pool.GiveBack(_browser);
    }
}
