using VideoScale.ControlPlane.Host.Features;

namespace VideoScale.ControlPlane.Host.Audit;

/// <summary>Questions to the event log.</summary>
internal sealed class AuditFeature(ReplicaCore core) : IFeature
{
    public void Register(FeatureRegistry registry)
    {
        var service = new AuditService(core.Events, absence: core.Absence);
        registry.Serve(service);
        registry.EndStreams(service.EndAll);
        registry.Own(service);
    }
}
