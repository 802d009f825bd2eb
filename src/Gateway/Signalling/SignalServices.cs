using VideoScale.Gateway.Ports;
using VideoScale.Gateway.Rooms;
using VideoScale.Gateway.Tokens;
using VideoScale.Gateway.Turn;

namespace VideoScale.Gateway.Signalling;

/// <summary>What every session of a gateway uses.</summary>
/// <param name="Turn">Null: there are none.</param>
/// <param name="Stopping">Cancelled when this gateway goes.</param>
internal sealed record SignalServices(Admission Admission, IRoomPlaces Places, MediaNodes Nodes, RoomUpdates Updates,
    TokenRefresher Refresher, IKeyRing Keys, TurnServers? Turn, TimeProvider Clock, CancellationToken Stopping);
