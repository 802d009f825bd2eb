using Microsoft.Extensions.Logging;
using VideoScale.ControlPlane.Host.Features;
using VideoScale.ControlPlane.Host.Options;
using VideoScale.ControlPlane.Host.Rooms;
using VideoScale.Gateway;
using VideoScale.Gateway.Tokens;
using VideoScale.Gateway.Turn;

namespace VideoScale.ControlPlane.Host.Gateway;

/// <summary>LiveKit's clients and server API: the gateway of this process, and what it sees of the replica.</summary>
internal sealed class GatewayFeature : IFeature
{
    private readonly ReplicaCore _core;
    private readonly RoomPlaces _places;

    internal GatewayFeature(ReplicaCore core, RoomsFeature rooms, IKeyRing keys)
    {
        _core = core;
        _places = new RoomPlaces(core.Queries, () => core.IsReady);
        var calls = new GatewayCalls(core.StopForEver, core.Metrics, core.Clock, core.Loggers.CreateLogger<GatewayCalls>());
        var commands = new GatewayCommands(rooms.Mutations, rooms.Reads, calls);
        var ports = new GatewayPorts(commands, _places, new GatewayHealth(core.Gate, core.Absence), core.Channels, core.Identity.Own);
        var settings = new GatewaySettings(keys, core.Options.AllowRemoteUnmute, TurnOf(core.Options.Turn));
        Endpoints = new GatewayEndpoints(ports, settings, core.Loggers);
    }

    internal GatewayEndpoints Endpoints { get; }

    public void Register(FeatureRegistry registry)
    {
        foreach (var listener in _places.Listeners) registry.Listen(listener);
        registry.AtStop(Endpoints.EndSessions);
        registry.Own(Endpoints);
        registry.Map(web => Endpoints.Map(web, _core.Options.HttpPort));
    }

    private static TurnSettings? TurnOf(TurnOptions options) => options.Urls.Count == 0 ? null
        : new TurnSettings([.. options.Urls], SecretFiles.Read("Turn:SecretFile", options.SecretFile),
            TimeSpan.FromSeconds(options.CredentialSeconds));
}
