using VideoScale.ControlPlane.Host.Features;
using VideoScale.V1;

namespace VideoScale.ControlPlane.Host.Audit;

/// <summary>Questions to the event log.</summary>
/// <param name="exported">How far the leader's export is.</param>
internal sealed class AuditFeature(ReplicaCore core, Func<ExportStatusReply> exported) : IFeature
{
    public void Register(FeatureRegistry registry)
    {
        var service = new AuditService(core.Events, absence: core.Absence, certificate: () => core.Tls?.Certificate)
        {
            Exported = new LeadersExport(core.Leadership, core.Forwarder, exported),
        };
        registry.Serve(service);
        registry.EndStreams(service.EndAll);
        registry.Own(service);
        var keeper = new FoldKeeper(service.Folds, core.Events.Reader);
        registry.Listen(keeper);
        registry.Run(keeper.RunAsync);
    }
}
