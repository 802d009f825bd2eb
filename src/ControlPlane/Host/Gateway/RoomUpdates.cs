using Google.Protobuf;
using Grpc.Core;
using Microsoft.Extensions.Logging;
using VideoScale.ControlPlane.Host.Replication;
using VideoScale.ControlPlane.Rooms;
using VideoScale.ControlPlane.State;
using VideoScale.Model;
using VideoScale.V1;

namespace VideoScale.ControlPlane.Host.Gateway;

/// <summary>
/// Tells the owners of rooms what the log has changed of them, for the clients whose gateway is here. Every gateway of a room does so, and every session that is opened brings
/// the same along: whichever comes first, and whoever dies on the way, the owner shows the newest.
/// </summary>
internal sealed partial class RoomUpdates(RoomDoor door, ILogger<RoomUpdates> logger) : IStateListener
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

    public void OnApplied(ulong appliedIndex, IReadOnlyList<AppliedEvent> events, ClusterState state)
    {
        foreach (var applied in events)
            if (applied.Event is RoomEvent.Updated { Changed: not RoomParts.Name } updated && IsFollowed(updated.Room)) _ = Task.Run(() => TellAsync(updated.Room));
    }

    public void OnRestored(ulong appliedIndex, ClusterState state)
    {
        RoomId[] followed;
        lock (_gate) followed = [.. _followed.Keys];
        foreach (var room in followed) _ = Task.Run(() => TellAsync(room)); // what the snapshot jumped over, nobody was told
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
                if (await door.LookAsync(room) is not { NodeAddress.Length: > 0 } place) return;
                var info = new ChangeRoomInfo { Room = place.Info.ToLiveKit().ToByteString(), Version = place.Info.UpdatedSeq };
                await door.Sessions(place.NodeAddress).ChangeRoomAsync(new ChangeRoomRequest { RoomId = room.Value, Room = info }, door.OwnOptions(CancellationToken.None));
                return;
            }
            // Not found: the first session there is being opened, perhaps with what was true before.
            catch (Exception e) when (e is RpcException or InvalidOperationException or OperationCanceledException) { LogRetried(room, e.Message); }
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

    [LoggerMessage(3831, LogLevel.Debug, "The owner of room {Room} could not be told of a change: {Why}")] private partial void LogRetried(RoomId room, string why);
}
