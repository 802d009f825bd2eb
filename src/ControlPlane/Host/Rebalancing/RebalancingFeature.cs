using Microsoft.Extensions.Logging;
using VideoScale.ControlPlane.Host.Features;

namespace VideoScale.ControlPlane.Host.Rebalancing;

/// <summary>Rooms leave crowded nodes.</summary>
internal sealed class RebalancingFeature(ReplicaCore core) : IFeature
{
    public void Register(FeatureRegistry registry)
    {
        var plan = new RebalancePlan(core.Clock);
        registry.Run(new RebalanceLoop(core.Terms, core.Queries, core.Commands, core.Fleet, core.Time, plan, core.Clock,
            core.Loggers.CreateLogger<RebalanceLoop>()));
        registry.Serve(new RebalanceApi(core.Mutations, core.Queries, core.Gate, core.Leadership, core.Forwarder, plan, core.Time));
    }
}
