using Grpc.Core;
using VideoScale.V1;
using LiveKitRoom = LiveKit.Proto.Room;

namespace VideoScale.Gateway.Rooms;

/// <summary>
/// How many are in rooms, and publish: their owners know. One question to each node, whatever number of rooms is asked for; where no answer
/// comes, seats stand for participants.
/// </summary>
internal sealed class RoomCounts(MediaNodes nodes)
{
    /// <summary>A node that hangs keeps no list waiting.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(1);
    /// <summary>Beyond so many of one node's rooms it is asked for all it has.</summary>
    private const int MostNamed = 200;

    /// <param name="NodeAddress">Of the owner; empty without one.</param>
    internal readonly record struct Counted(LiveKitRoom Shown, Room Room, string NodeAddress);

    internal async Task FillAsync(IReadOnlyCollection<Counted> rooms, CancellationToken cancellationToken) =>
        await Task.WhenAll(rooms.Where(static room => room.NodeAddress.Length > 0)
            .GroupBy(static room => room.NodeAddress, StringComparer.Ordinal)
            .Select(node =>
                AskAsync(node.Key, node.ToDictionary(static room => room.Room.RoomId, StringComparer.Ordinal), cancellationToken)));

    private async Task AskAsync(string nodeAddress, Dictionary<string, Counted> rooms, CancellationToken cancellationToken)
    {
        var request = new CountRoomsRequest();
        if (rooms.Count <= MostNamed) request.RoomIds.AddRange(rooms.Keys);
        try
        {
            var options = nodes.Options(cancellationToken).WithDeadline(DateTime.UtcNow + Patience);
            foreach (var count in (await nodes.Sessions(nodeAddress).CountRoomsAsync(request, options)).Rooms)
            {
                // Another epoch's sessions are on their way elsewhere: the seats know better who is in it.
                if (!rooms.TryGetValue(count.RoomId, out var room) || room.Room.Epoch != count.Epoch) continue;
                (room.Shown.NumParticipants, room.Shown.NumPublishers, room.Shown.ActiveRecording) = (count.Participants, count.Publishers,
                    count.ActiveRecording);
            }
        }
        catch (RpcException) when (!cancellationToken.IsCancellationRequested) { } // dead, slow, or of an older program
    }
}
