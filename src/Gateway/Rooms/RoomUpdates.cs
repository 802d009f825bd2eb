using Google.Protobuf;
using Grpc.Core;
using Microsoft.Extensions.Logging;
using VideoScale.Gateway.Ports;
using VideoScale.Model;
using VideoScale.V1;

namespace VideoScale.Gateway.Rooms;

/// <summary>
/// Tells the owners of rooms what the log has changed of them, for the clients whose gateway is here. Every gateway of a room does so, and
/// every session that is opened brings the same along: whichever comes first, and whoever dies on the way, the owner shows the newest.
/// </summary>
internal sealed partial class RoomUpdates(IRoomPlaces places, MediaNodes nodes, ILogger<RoomUpdates> logger) : IRoomObserver
{
    private const int MostTries = 20;
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(250);
    private readonly Lock _gate = new();
    private readonly Dictionary<RoomId, int> _followed = [];

    /// <summary>Until disposed, the room's owner is told of its changes from here.</summary>
    internal IDisposable Follow(RoomId room)
    {
        lock (_gate) _followed[room] = _followed.GetValueOrDefault(room) + 1;
        return new Following(this, room);
    }

    public void OnUpdated(RoomId room)
    {
        if (IsFollowed(room)) _ = Task.Run(() => TellAsync(room));
    }

    public void OnRestored()
    {
        RoomId[] followed;
        lock (_gate) followed = [.. _followed.Keys];
        foreach (var room in followed) _ = Task.Run(() => TellAsync(room));
    }

    private bool IsFollowed(RoomId room)
    {
        lock (_gate) return _followed.ContainsKey(room);
    }

    /// <summary>A room without an owner needs no telling: its sessions bring what they know to the next.</summary>
    private async Task TellAsync(RoomId room)
    {
        for (var tries = 0; tries < MostTries && IsFollowed(room); tries++)
        {
            try
            {
                if (await places.LookAsync(room) is not { NodeAddress.Length: > 0 } place) return;
                var info = new ChangeRoomInfo { Room = place.Info.ToLiveKit().ToByteString(), Version = place.Info.UpdatedSeq };
                await nodes.Sessions(place.NodeAddress)
                    .ChangeRoomAsync(new ChangeRoomRequest { RoomId = room.Value, Room = info }, nodes.Options(CancellationToken.None));
                return;
            }
            // Not found: the first session there is being opened, perhaps with what was true before.
            catch (Exception e) when (e is RpcException or InvalidOperationException or OperationCanceledException)
            {
                LogRetried(room, e.Message);
            }
            await Task.Delay(Pause);
        }
    }

    private void Leave(RoomId room)
    {
        lock (_gate)
        {
            if (_followed[room] == 1) _followed.Remove(room);
            else _followed[room]--;
        }
    }

    private sealed class Following(RoomUpdates updates, RoomId room) : IDisposable
    {
        public void Dispose() => updates.Leave(room);
    }

    [LoggerMessage(3831, LogLevel.Debug, "The owner of room {Room} could not be told of a change: {Why}")]
    private partial void LogRetried(RoomId room, string why);
}
