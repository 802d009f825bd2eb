using VideoScale.MediaNode.Host.Features;
using VideoScale.Rpc;

namespace VideoScale.MediaNode.Host.Admission;

/// <summary>Seats are taken and left, and who has authority is told.</summary>
internal sealed class AdmissionFeature(NodeCore core) : INodeFeature
{
    public void Register(EndpointRegistry registry) => registry.Serve(new AdmissionApi(core.Options, core.Authority));
}
