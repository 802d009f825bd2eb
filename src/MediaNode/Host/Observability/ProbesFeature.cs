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
        var metrics = new NodeMetrics(core.Authority, plane, web.Services.GetRequiredService<ConnectionLimits>(), core.Tls);
        web.MapProbes(core.Authority, metrics, core.Tls, core.IsStopping, core.Options.HttpPort);
    });
}
