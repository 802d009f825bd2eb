using VideoScale.ControlPlane.Host.Api;
using VideoScale.ControlPlane.Rooms;
using VideoScale.ControlPlane.State;
using VideoScale.Model;
using VideoScale.V1;

namespace VideoScale.ControlPlane.Host.Rooms;

/// <summary>One page of rooms in ordinal order of names: bounded in rooms, in bytes and in work.</summary>
internal static class RoomListing
{
    // A page's work on the apply thread is bounded: a filter that matches little ends the page early, with a token to go on.
    private const int MaxScanned = 10_000;

    /// <summary>
    /// What a page holds when it ends for its size. With one room more, whose metadata is 512 KiB at most, it stays below the 4 MiB that
    /// gRPC clients take by default.
    /// </summary>
    private const int FullBytes = 3 << 20;

    internal static ListRoomsReply Page(ClusterState state, ulong index, string after, int size, NodeId node, bool includeClosed,
        string tokenPrefix)
    {
        var reply = new ListRoomsReply { AppliedIndex = index };
        var source = node.IsNone ? state.Rooms : state.FindNode(node)?.Rooms;
        if (source is null) return reply;
        var (scanned, bytes) = (0, 0);
        var last = "";
        foreach (var room in after.Length == 0 ? source.InOrder() : source.After(after))
        {
            if (reply.Rooms.Count == size || scanned == MaxScanned || bytes >= FullBytes)
            {
                reply.NextPageToken = tokenPrefix + last;
                break;
            }
            scanned++;
            last = room.Name;
            if (room.Record.Phase == RoomPhase.Closed && !includeClosed) continue;
            var listed = room.ToWire();
            reply.Rooms.Add(listed);
            bytes += listed.CalculateSize();
        }
        return reply;
    }
}
