using VideoScale.MediaNode.Host.Features;
using VideoScale.Rpc;

namespace VideoScale.MediaNode.Host.Sessions;

/// <summary>Participants' sessions, as gateways open them, and the media plane that they use.</summary>
internal sealed class SessionsFeature(NodeCore core, MediaPlane plane) : INodeFeature
{
    internal SessionHost Host { get; } = new(core.Options, core.Authority, plane, core.Loggers, core.Fatal);

    public void Register(EndpointRegistry registry)
    {
        registry.Serve(new MediaSessionApi(core.Options, core.Authority, Host));
        registry.Own(Host);
    }
}
