using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using VideoScale.Rpc;

namespace VideoScale.ControlPlane.Host.Observability;

/// <summary>/healthz says that the process lives, /readyz that this replica may be sent calls, /metrics counts.</summary>
internal static class HttpEndpoints
{
    private static readonly string[] Reading = [HttpMethods.Get, HttpMethods.Head];

    internal static void MapReplica(this IEndpointRouteBuilder endpoints, int httpPort, Func<(bool Ready, string Why)> ready)
    {
        var host = $"*:{httpPort}";
        endpoints.MapMethods("/healthz", Reading, static (HttpContext context) => context.Response.WriteAsync("ok\n")).RequireHost(host);
        endpoints.MapMethods("/readyz", Reading, (HttpContext context) =>
        {
            var (isReady, why) = ready();
            context.Response.StatusCode = isReady ? StatusCodes.Status200OK : StatusCodes.Status503ServiceUnavailable;
            return context.Response.WriteAsync(why + "\n");
        }).RequireHost(host);
        endpoints.MapMetricsOfProcess(host);
    }
}
