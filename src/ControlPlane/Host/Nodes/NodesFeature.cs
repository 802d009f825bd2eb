using VideoScale.ControlPlane.Host.Features;

namespace VideoScale.ControlPlane.Host.Nodes;

/// <summary>Media nodes as operators see them: service and watches.</summary>
internal sealed class NodesFeature(ReplicaCore core) : IFeature
{
    public void Register(FeatureRegistry registry)
    {
        var watches = new NodeWatches(core.Queries, core.Options.WatchBuffer, core.Metrics);
        registry.Watch(watches);
        var hold = TimeSpan.FromSeconds(core.Options.SilentMajorityHoldSeconds);
        registry.Serve(new NodeApi(core.Mutations, core.Queries, watches, core.Loads, core.Absence, core.Gate, hold, core.Fleet));
    }
}
