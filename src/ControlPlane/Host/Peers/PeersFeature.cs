using Microsoft.Extensions.Logging;
using VideoScale.ControlPlane.Host.Checkpoints;
using VideoScale.ControlPlane.Host.EventLog.Backfill;
using VideoScale.ControlPlane.Host.Features;
using VideoScale.ControlPlane.Host.Members;

namespace VideoScale.ControlPlane.Host.Peers;

/// <summary>What replicas ask each other, and the segments of the event log that this one lacks.</summary>
internal sealed class PeersFeature(ReplicaCore core, MemberChanges members, CheckpointLoop checkpoints) : IFeature
{
    public void Register(FeatureRegistry registry)
    {
        registry.Run(new SegmentBackfill(core.Events, Sources, core.Clock, core.Loggers.CreateLogger<SegmentBackfill>()).RunAsync);
        registry.Serve(new ReplicaApi(checkpoints, core.Leadership, core.Forwarder, new SegmentServing(core.Events), members, core.Clock,
            core.Refusals));
    }

    private IReadOnlyList<ISegmentSource> Sources() =>
        [.. core.Book.Peers.Where(peer => peer.Member != core.Cluster.Self && peer.GrpcAddress.Length > 0)
        .Select(peer =>
            new GrpcSegmentSource(new V1.ReplicaService.ReplicaServiceClient(core.Channels.Get(peer.GrpcAddress)), core.Identity.Own))];
}
