using System.Collections.Concurrent;
using System.Globalization;
using Google.Protobuf;
using Grpc.Core;
using VideoScale.Harness.Processes;
using VideoScale.V1;

namespace VideoScale.Integration.Tests.Disks;

/// <summary>Creates rooms until the replica is gone, remembers which ones were acknowledged, and looks for them later.</summary>
internal sealed class RoomFlood(TestCluster cluster, ReplicaProcess replica, int metadataBytes)
{
    private const int Clients = 8;
    private const int MostRooms = 20_000;
    private readonly ConcurrentBag<string> _acknowledged = [];
    private readonly ByteString _metadata = ByteString.CopyFrom(new byte[metadataBytes]);
    private int _next;

    internal int Acknowledged => _acknowledged.Count;

    /// <param name="mostRooms">Stops after as many, dead or not.</param>
    internal async Task RunAsync(int mostRooms = MostRooms)
    {
        var last = Math.Min(_next + mostRooms, MostRooms);
        await Task.WhenAll(Enumerable.Range(0, Clients).Select(_ => CreateAsync(last)));
    }

    internal async Task RequireAllAsync()
    {
        var rooms = cluster.Rooms(replica);
        foreach (var room in _acknowledged)
            Assert.Equal(room, (await rooms.GetRoomAsync(new GetRoomRequest { RoomId = room, Consistency = Consistency.Stale },
                deadline: DateTime.UtcNow.AddSeconds(30))).Room.RoomId);
    }

    private async Task CreateAsync(int last)
    {
        var rooms = cluster.Rooms(replica);
        for (var i = Interlocked.Increment(ref _next); i <= last && replica.IsRunning; i = Interlocked.Increment(ref _next))
        {
            var id = "r" + i.ToString(CultureInfo.InvariantCulture);
            try
            {
                await rooms.CreateRoomAsync(new CreateRoomRequest
                {
                    RequestId = id,
                    RoomId = id,
                    KeepWhenEmpty = true,
                    Metadata = _metadata
                }, deadline: DateTime.UtcNow.AddSeconds(5));
                _acknowledged.Add(id);
            }
            catch (RpcException) { } // outcome unknown: nothing is promised
        }
    }
}
