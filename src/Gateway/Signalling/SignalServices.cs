using VideoScale.Gateway.Ports;
using VideoScale.Gateway.Rooms;
using VideoScale.Gateway.Tokens;

namespace VideoScale.Gateway.Signalling;

/// <summary>What every session of a gateway uses.</summary>
/// <param name="Stopping">Cancelled when this gateway goes.</param>
internal sealed record SignalServices(Admission Admission, IRoomPlaces Places, MediaNodes Nodes, RoomUpdates Updates,
    TokenRefresher Refresher, TimeProvider Clock, CancellationToken Stopping);
