using VideoScale.ControlPlane.Host.Features;
using VideoScale.Gateway;

namespace VideoScale.ControlPlane.Host.Dashboard;

/// <summary>The page of a replica.</summary>
internal sealed class DashboardFeature(ReplicaCore core, GatewayEndpoints gateway) : IFeature
{
    public void Register(FeatureRegistry registry)
    {
        var events = new EventTicker();
        registry.Subscribe(events.Subscriber);
        registry.AtStop(events.EndAll);
        var fleet = new FleetPage(core.Queries, core.Leadership, core.Book, core.Loads, core.Fleet, core.Log.EngineName);
        var page = new PageEndpoints(core.Options.DevelopmentMode, fleet, events, gateway);
        registry.Map(web => page.Map(web, core.Options.HttpPort));
    }
}
