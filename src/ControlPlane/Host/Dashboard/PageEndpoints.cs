using System.Text.Json;
using System.Text.Json.Serialization;
using System.Threading.Channels;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using VideoScale.ControlPlane.Host.Options;
using VideoScale.Gateway;
using VideoScale.Model;

namespace VideoScale.ControlPlane.Host.Dashboard;

/// <summary>The page of a replica: its files, and, in development mode, the fleet, the events and tokens for whoever asks.</summary>
internal sealed class PageEndpoints(bool developmentMode, FleetPage fleet, EventTicker events, GatewayEndpoints gateway)
{
    private const string Resources = "page/";
    private static readonly TimeSpan TokenLife = TimeSpan.FromHours(6);
    private static readonly TimeSpan Beat = TimeSpan.FromSeconds(15);
    private static readonly HashSet<string> Files = [.. typeof(PageEndpoints).Assembly.GetManifestResourceNames()
        .Where(name => name.StartsWith(Resources, StringComparison.Ordinal)).Select(name => name[Resources.Length..])];

    internal void Map(IApplicationBuilder app, int httpPort) =>
        app.MapWhen(context => context.Connection.LocalPort == httpPort && IsOurs(context.Request), branch => branch.Run(ServeAsync));

    private static bool IsOurs(HttpRequest request) => IsRoot(request.Path.Value!) ? IsRead(request.Method)
        || HttpMethods.IsOptions(request.Method) : IsRead(request.Method) && IsOurs(request.Path.Value!);

    private static bool IsRead(string method) => HttpMethods.IsGet(method) || HttpMethods.IsHead(method);

    /// <summary>
    /// The server's URL as it is configured, with or without slashes at its end. LiveKit's clients ask it whether the network is there,
    /// from pages of any origin.
    /// </summary>
    private static bool IsRoot(string path) => path.Trim('/').Length == 0;

    private static bool IsOurs(string path) => path.StartsWith("/page/", StringComparison.Ordinal) || Files.Contains(path.TrimStart('/'));

    private Task ServeAsync(HttpContext context)
    {
        var path = context.Request.Path.Value!;
        context.Response.Headers.CacheControl = "no-cache";
        context.Response.Headers.XContentTypeOptions = "nosniff";
        // The root alone: tokens and the fleet are for the page itself.
        if (IsRoot(path)) return CrossOrigin.Allow(context) ? Task.CompletedTask : FileAsync(context, "index.html");
        if (Files.Contains(path.TrimStart('/'))) return FileAsync(context, path.TrimStart('/'));
        if (!developmentMode)
            return GatewayEndpoints.AnswerAsync(context, StatusCodes.Status403Forbidden,
                "the fleet is shown without a token in development mode alone; use `videoscale ctl`");
        return path switch
        {
            "/page/state" => StateAsync(context),
            "/page/events" => EventsAsync(context),
            "/page/token" => TokenAsync(context),
            _ => GatewayEndpoints.AnswerAsync(context, StatusCodes.Status404NotFound, "404 page not found"),
        };
    }

    private static async Task FileAsync(HttpContext context, string name)
    {
        context.Response.ContentType = Path.GetExtension(name) switch
        {
            ".html" => "text/html; charset=utf-8",
            ".css" => "text/css; charset=utf-8",
            ".js" => "text/javascript; charset=utf-8",
            _ => "text/plain; charset=utf-8",
        };
        await using var content = typeof(PageEndpoints).Assembly.GetManifestResourceStream(Resources + name)!;
        await content.CopyToAsync(context.Response.Body, context.RequestAborted);
    }

    private async Task StateAsync(HttpContext context)
    {
        context.Response.ContentType = "application/json";
        await JsonSerializer.SerializeAsync(context.Response.Body, await fleet.ReadAsync(), PageJson.Default.FleetState,
            context.RequestAborted);
    }

    private Task TokenAsync(HttpContext context)
    {
        var (room, identity) = (context.Request.Query["room"].ToString(), context.Request.Query["identity"].ToString());
        if ((RoomName.Check("room", room)
            ?? (identity.Length is 0 or > 256 ? Failure.InvalidArgument("identity: 1 to 256 characters") : null)) is { } wrong)
            return GatewayEndpoints.AnswerAsync(context, StatusCodes.Status400BadRequest, wrong.Message);
        return GatewayEndpoints.AnswerAsync(context, StatusCodes.Status200OK,
            gateway.Mint(ApiKeyOptions.Development.Key, room, identity, DateTime.UtcNow + TokenLife));
    }

    /// <summary>Server-sent events (WHATWG HTML §9.2).</summary>
    private async Task EventsAsync(HttpContext context)
    {
        if (events.Open() is not { } page)
        {
            await GatewayEndpoints.AnswerAsync(context, StatusCodes.Status503ServiceUnavailable,
                "too many pages are open, or this replica is stopping");
            return;
        }
        try
        {
            context.Response.ContentType = "text/event-stream";
            while (true)
            {
                using var beat = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted);
                beat.CancelAfter(Beat);
                string text;
                try
                {
                    var line = EventTicker.Describe(await page.Reader.ReadAsync(beat.Token));
                    text = $"data: {JsonSerializer.Serialize(line, PageJson.Default.TickerLine)}\n\n";
                }
                catch (OperationCanceledException) when (!context.RequestAborted.IsCancellationRequested) { text = ": still here\n\n"; }
                await context.Response.WriteAsync(text, context.RequestAborted);
                await context.Response.Body.FlushAsync(context.RequestAborted);
            }
        }
        catch (Exception e) when (e is OperationCanceledException or IOException or ChannelClosedException) { } // by the page, or by us
        finally { events.Close(page); }
    }
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(FleetState))]
[JsonSerializable(typeof(TickerLine))]
internal sealed partial class PageJson : JsonSerializerContext;
