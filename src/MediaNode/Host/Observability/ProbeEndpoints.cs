using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using VideoScale.MediaNode.Host.Ownership;
using VideoScale.Rpc;

namespace VideoScale.MediaNode.Host.Observability;

/// <summary>/healthz and /readyz.</summary>
internal static class ProbeEndpoints
{
    private static readonly string[] Reading = [HttpMethods.Get, HttpMethods.Head];

    /// <param name="stopping">True from the moment the node gives its rooms up.</param>
    internal static void MapProbes(this IEndpointRouteBuilder endpoints, string host, AuthorityGate authority, TlsMaterial? tls,
        Func<bool> stopping)
    {
        // Only that the process lives: losing the control plane must never make anyone restart a node that carries calls.
        endpoints.MapMethods("/healthz", Reading, () => Results.Text("ok\n")).RequireHost(host);
        endpoints.MapMethods("/readyz", Reading, () =>
        {
            var leaseLeftMs = authority.View().View.LeaseLeftMs;
            return stopping() ? Results.Text("stopping\n", statusCode: StatusCodes.Status503ServiceUnavailable)
                : leaseLeftMs == 0 ? Results.Text("no lease: the control plane has not acknowledged this node\n",
                    statusCode: StatusCodes.Status503ServiceUnavailable)
                : Results.Text(tls?.Expiry.Warning(DateTimeOffset.UtcNow) is { } warning ? $"ready\n{warning}\n" : "ready\n");
        }).RequireHost(host);
    }
}
