using Grpc.Core;
using VideoScale.Gateway.Ports;
using VideoScale.Gateway.Tokens;
using VideoScale.Gateway.Turn;
using VideoScale.Rpc;

namespace VideoScale.Gateway;

/// <summary>What a gateway needs of the replica it runs in.</summary>
/// <param name="Channels">To media nodes.</param>
/// <param name="OwnHeaders">By which this replica proves itself to them.</param>
public sealed record GatewayPorts(IRoomCommands Commands, IRoomPlaces Places, IReplicaHealth Health, ChannelPool Channels,
    Func<Metadata> OwnHeaders);

/// <param name="AllowRemoteUnmute">Whether an admin may open somebody's microphone or camera from outside.</param>
/// <param name="Turn">Null: clients are told of no TURN servers.</param>
public sealed record GatewaySettings(IKeyRing Keys, bool AllowRemoteUnmute, TurnSettings? Turn);
