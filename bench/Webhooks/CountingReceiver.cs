using System.Diagnostics;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace VideoScale.Bench.Webhooks;

/// <summary>Takes webhooks once it is open, and counts them by their ids.</summary>
internal sealed class CountingReceiver : IAsyncDisposable
{
    private readonly WebApplication _web;
    private readonly HashSet<string> _taken = [];
    private long _first, _last;
    private volatile bool _isOpen;

    private CountingReceiver(WebApplication web) => _web = web;

    internal int Taken { get { lock (_taken) return _taken.Count; } }

    /// <summary>Messages that came again.</summary>
    internal int Repeated { get; private set; }

    /// <summary>From the first that was taken to the last.</summary>
    internal TimeSpan Elapsed => Stopwatch.GetElapsedTime(Interlocked.Read(ref _first), Interlocked.Read(ref _last));

    internal void Open() => _isOpen = true;

    internal static async Task<CountingReceiver> StartAsync(int port)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls($"http://127.0.0.1:{port}");
        var web = builder.Build();
        var receiver = new CountingReceiver(web);
        web.Run(receiver.TakeAsync);
        await web.StartAsync();
        return receiver;
    }

    private async Task TakeAsync(HttpContext context)
    {
        using var reader = new StreamReader(context.Request.Body, Encoding.UTF8);
        var body = await reader.ReadToEndAsync(context.RequestAborted);
        if (!_isOpen)
        {
            context.Response.StatusCode = StatusCodes.Status503ServiceUnavailable;
            return;
        }
        var now = Stopwatch.GetTimestamp();
        lock (_taken)
        {
            if (_taken.Count == 0) Interlocked.Exchange(ref _first, now);
            if (_taken.Add(IdOf(body))) Interlocked.Exchange(ref _last, now);
            else Repeated++;
        }
    }

    private static string IdOf(string body)
    {
        var at = body.IndexOf("\"EV_", StringComparison.Ordinal) + 1;
        return body[at..body.IndexOf('"', at)];
    }

    public async ValueTask DisposeAsync()
    {
        await _web.StopAsync();
        await _web.DisposeAsync();
    }
}
