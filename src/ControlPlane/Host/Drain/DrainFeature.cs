using Microsoft.Extensions.Logging;
using VideoScale.ControlPlane.Host.Features;

namespace VideoScale.ControlPlane.Host.Drain;

/// <summary>Nodes that drain are emptied.</summary>
internal sealed class DrainFeature(ReplicaCore core) : IFeature
{
    public void Register(FeatureRegistry registry)
    {
        var loop = new DrainLoop(core.Terms, core.Queries, core.Commands, core.Fleet, core.Time, core.Clock,
            core.Loggers.CreateLogger<DrainLoop>());
        registry.Listen(loop);
        registry.Run(loop);
    }
}
