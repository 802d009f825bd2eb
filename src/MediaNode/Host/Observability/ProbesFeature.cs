using Microsoft.Extensions.DependencyInjection;
using VideoScale.MediaNode.Host.Features;
using VideoScale.MediaNode.Host.Sessions;
using VideoScale.Rpc;

namespace VideoScale.MediaNode.Host.Observability;

/// <summary>Probes and metrics.</summary>
internal sealed class ProbesFeature(NodeCore core, MediaPlane plane) : INodeFeature
{
    public void Register(EndpointRegistry registry) => registry.Map(web =>
    {
        var host = $"*:{core.Options.HttpPort}"; // the gRPC port answers gRPC alone
        web.MapProbes(host, core.Authority, core.Tls, core.IsStopping);
        var metrics = new NodeMetrics(core.Authority, plane, web.Services.GetRequiredService<ConnectionLimits>(), core.Tls);
        registry.Own(metrics);
        registry.Own(web.MapMetricsOf(host, metrics.Meters));
    });
}
