namespace VideoScale.Cli.Up;

/// <summary>Waits until everything answers /readyz, and says what is missing meanwhile.</summary>
internal sealed class Readiness : IDisposable
{
    private static readonly TimeSpan Period = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan NoticeEvery = TimeSpan.FromSeconds(2);
    private readonly HttpClient _http = new() { Timeout = TimeSpan.FromSeconds(2) };

    internal async Task WaitAsync(IReadOnlyList<(string Name, Uri Ready)> targets, Action<string> ready, Action<string> say,
        CancellationToken cancellationToken)
    {
        var missing = targets.ToList();
        var started = Environment.TickCount64;
        var notice = started + (long)NoticeEvery.TotalMilliseconds;
        while (true)
        {
            foreach (var target in missing.ToArray())
            {
                if (!await IsReadyAsync(target.Ready, cancellationToken)) continue;
                missing.Remove(target);
                ready(target.Name);
            }
            if (missing.Count == 0) return;
            if (Environment.TickCount64 >= notice)
            {
                say($"waiting for {string.Join(", ", missing.Select(m => m.Name))} ({(Environment.TickCount64 - started) / 1000} s)");
                notice = Environment.TickCount64 + (long)NoticeEvery.TotalMilliseconds;
            }
            await Task.Delay(Period, cancellationToken);
        }
    }

    private async Task<bool> IsReadyAsync(Uri uri, CancellationToken cancellationToken)
    {
        try
        {
            using var response = await _http.GetAsync(uri, cancellationToken);
            return response.IsSuccessStatusCode;
        }
        catch (HttpRequestException) { return false; }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested) { return false; }
    }

    public void Dispose() => _http.Dispose();
}
