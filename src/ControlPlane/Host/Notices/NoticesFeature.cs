using Microsoft.Extensions.Logging;
using VideoScale.ControlPlane.Host.Features;

namespace VideoScale.ControlPlane.Host.Notices;

/// <summary>Lines for operators about what happened to the fleet.</summary>
internal sealed class NoticesFeature(ReplicaCore core) : IFeature
{
    public void Register(FeatureRegistry registry) =>
        registry.Subscribe(new FleetNotices(core.Loggers.CreateLogger<FleetNotices>()).Subscriber);
}
