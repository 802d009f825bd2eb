using Microsoft.Extensions.Logging;
using VideoScale.ControlPlane.Host.Features;

namespace VideoScale.ControlPlane.Host.Placement;

/// <summary>
/// Rooms that wait for a node get one. New rooms are placed on their way into the log: <c>Replication/IRoomPlacer.cs</c>.
/// </summary>
internal sealed class PlacementFeature(ReplicaCore core) : IFeature
{
    public void Register(FeatureRegistry registry)
    {
        var loop = new PlacementLoop(core.Terms, core.Queries, core.Commands, core.Fleet, core.Clock,
            core.Loggers.CreateLogger<PlacementLoop>());
        registry.Listen(loop);
        registry.Run(loop);
    }
}
