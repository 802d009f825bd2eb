using Microsoft.Extensions.Logging;
using VideoScale.Consensus;
using VideoScale.ControlPlane.Host.Cluster;
using VideoScale.ControlPlane.Host.Features;

namespace VideoScale.ControlPlane.Host.Members;

/// <summary>The replicas themselves: status, membership, joining and being removed.</summary>
internal sealed class MembersFeature(ReplicaCore core, ILogDirectory directory) : IFeature
{
    internal MemberChanges Changes { get; } = new(core.Log, core.Leadership, core.Mutations, core.Book,
        new ElectionTiming(core.Options.RaftTickMs), directory);

    public void Register(FeatureRegistry registry)
    {
        registry.Run(new MembershipLoop(core.Log, core.Cluster, core.DirectoryPath, core.Book, core.Channels, core.Identity,
            core.StopForEver, core.Clock,
            core.Loggers.CreateLogger<MembershipLoop>()).RunAsync);
        registry.Run(new SealedLogLoop(core.Log, core.Queries, core.Terms, core.Commands, core.Clock,
            core.Loggers.CreateLogger<SealedLogLoop>()).RunAsync);
        registry.Serve(new ClusterApi(core.Log, core.Leadership, core.Forwarder, core.Queries, core.Machine, core.Events, core.Book,
            Changes, core.Gate, core.Time,
            core.Clocks, core.Tls, core.Mutations));
    }
}
