using System.Reflection;
using VideoScale.MediaNode.Host.Options;
using VideoScale.V1;

namespace VideoScale.MediaNode.Host.Agent;

/// <summary>What a node says about itself, the same in every Hello.</summary>
internal sealed class AgentIdentity(MediaNodeOptions options)
{
    internal static string Version { get; } = typeof(AgentIdentity).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()
        ?.InformationalVersion.Split('+')[0] ?? "0";

    internal AgentHello ToHello() => new()
    {
        NodeId = options.NodeId,
        Region = options.Region,
        Zone = options.Zone,
        Address = options.Advertised,
        Capacity = new Capacity
        {
            Publishers = (uint)options.CapacityPublishers,
            Subscribers = (uint)options.CapacitySubscribers,
            BitrateKbps = (ulong)options.CapacityBitrateKbps,
        },
        Version = Version,
    };
}
