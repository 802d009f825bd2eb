using Microsoft.Extensions.Logging;
using VideoScale.ControlPlane.Host.Features;
using VideoScale.ControlPlane.Host.Leader;
using VideoScale.ControlPlane.Host.Observability;
using VideoScale.ControlPlane.Host.Replication;
using VideoScale.ControlPlane.Host.Subscriptions;

namespace VideoScale.ControlPlane.Host.Hosting;

/// <summary>
/// What the core itself runs and serves: clocks, refusals, followers of events, probes, and the end of streams that have no leader.
/// </summary>
internal sealed class CoreFeature(ReplicaCore core, IReadOnlyList<EventSubscriber> subscribers) : IFeature
{
    public void Register(FeatureRegistry registry)
    {
        registry.Run(new LeadershipRecorder(core.Terms, core.Queries, core.Commands, core.Log, core.Clock,
            core.Loggers.CreateLogger<LeadershipRecorder>()));
        registry.Run(core.Clocks.RunAsync);
        registry.Run(core.Refusals.RunAsync);
        foreach (var subscriber in subscribers) registry.Subscribe(subscriber);
        registry.Run(core.Subscriptions.RunAsync);
        registry.Run(new LeaderlessStreams(core.Leadership, core.Absence, registry.EndAllStreams).RunAsync);
        core.Metrics.Gauge("videoscale_watchers", "Watch streams being served", () => (ulong)registry.Watchers);
        core.Metrics.Gauge("videoscale_watchers_offered", "Changes put before watchers", () => (ulong)registry.WatchersOffered);
        registry.Serve(new SubscriberApi(core.Subscriptions));
        registry.Map(web => web.MapReplica(core.Options.HttpPort, () => Readiness.Of(core)));
    }
}
