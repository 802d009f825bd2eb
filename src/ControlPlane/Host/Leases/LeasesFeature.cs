using Grpc.Core;
using Microsoft.Extensions.Logging;
using VideoScale.ControlPlane.Host.Features;

namespace VideoScale.ControlPlane.Host.Leases;

/// <summary>Media nodes' streams to the leader: leases, loss, and rooms handed over.</summary>
internal sealed class LeasesFeature(ReplicaCore core) : IFeature
{
    public void Register(FeatureRegistry registry)
    {
        var hub = new AgentHub(core.Log, core.Machine, core.Terms, core.Forwarder,
            tellsSessions: core.Options.Webhooks.Urls.Count > 0);
        registry.Listen(hub);
        registry.AtStop(() => hub.EndAll(StatusCode.Unavailable, "this replica is stopping"));
        var grants = new LeaseGrants(core.Log, core.Machine, core.Terms, hub, core.LeaseClock);
        var leases = new LeaseLoop(core.Terms, core.Queries, core.Commands, hub, core.Time, core.LeaseClock, core.Clock,
            core.Loggers.CreateLogger<LeaseLoop>());
        core.Metrics.Observe(leases);
        registry.Run(leases);
        registry.Run(new HandOverLoop(core.Terms, core.Queries, core.Commands, core.LeaseClock, core.Clock,
            core.Loggers.CreateLogger<HandOverLoop>()));
        registry.Run(grants.RunAsync);
        registry.Serve(
            new AgentApi(core.Pipeline, core.Leadership, core.Forwarder, core.Terms, core.Queries, hub, grants, leases, core.Fleet,
            core.Loads, core.Gate,
            core.LeaseClock, core.Loggers.CreateLogger<AgentApi>()));
    }
}
