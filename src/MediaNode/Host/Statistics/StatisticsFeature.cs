using VideoScale.MediaNode.Host.Features;
using VideoScale.MediaNode.Host.Sessions;
using VideoScale.Rpc;

namespace VideoScale.MediaNode.Host.Statistics;

/// <summary>What is measured of a room's media.</summary>
internal sealed class StatisticsFeature(NodeCore core, SessionHost sessions) : INodeFeature
{
    public void Register(EndpointRegistry registry) => registry.Serve(new StatisticsApi(core.Options, core.Authority, sessions));
}
