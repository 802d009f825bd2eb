using Grpc.Core;
using VideoScale.Chaos.Fleets;
using VideoScale.V1;

namespace VideoScale.Chaos.Workloads;

/// <summary>
/// Clients that know one replica each and create, move, close and read the same few rooms at once, each call tried once: what
/// <see cref="Linearizability.LinearizabilityChecker"/> is for. After a while they go on with other rooms, so that no room's history grows
/// beyond what can be searched.
/// </summary>
public sealed class RoomRegisters(Fleet fleet, History history, string prefix, int seed)
{
    private const int RoomsAtOnce = 3, CallsOnRooms = 60, FirstProcess = 10_000;
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(3), Pause = TimeSpan.FromMilliseconds(60);
    private int _processes = FirstProcess;

    public Task RunAsync(CancellationToken stop) =>
        Task.WhenAll(Enumerable.Range(0, fleet.Replicas.Count).Select(replica => CallAsync(replica, stop)));

    private async Task CallAsync(int replica, CancellationToken stop)
    {
        var random = new Random(seed * 7919 + replica);
        var client = new RoomService.RoomServiceClient(fleet.Replicas[replica]);
        var process = Interlocked.Increment(ref _processes);
        for (var i = 0; !stop.IsCancellationRequested; i++)
        {
            var room = $"{prefix}-{i / CallsOnRooms}-{random.Next(RoomsAtOnce)}";
            if (!await TryAsync(client, random.Next(100), room, process)) process = Interlocked.Increment(ref _processes);
            try { await Task.Delay(Pause * (random.NextDouble() * 2), stop); }
            catch (OperationCanceledException) { return; }
        }
    }

    /// <returns>Whether its fate is known; else the process is never heard of again.</returns>
    private async Task<bool> TryAsync(RoomService.RoomServiceClient client, int drawn, string room, int process)
    {
        var (id, until) = (Guid.NewGuid().ToString("N"), DateTime.UtcNow + Deadline);
        var f = drawn switch { < 50 => "read", < 70 => "create", < 85 => "move", _ => "close" };
        history.Add(process, OperationType.Invoke, f, room);
        try
        {
            var (value, hadEffect) = f switch
            {
                "read" => (SeenIn(await client.GetRoomAsync(
                    new GetRoomRequest { RoomId = room, Consistency = Consistency.Linearizable }, deadline: until)), true),
                "create" => SaidBy(await client.CreateRoomAsync(new CreateRoomRequest
                {
                    RequestId = id,
                    RoomId = room,
                    KeepWhenEmpty = true
                },
                    deadline: until)),
                "move" => Without(SaidBy(await client.MoveRoomAsync(new MoveRoomRequest { RequestId = id, RoomId = room },
                    deadline: until))),
                _ => Without(SaidBy(await client.CloseRoomAsync(new CloseRoomRequest { RequestId = id, RoomId = room }, deadline: until))),
            };
            history.Add(process, hadEffect ? OperationType.Ok : OperationType.Fail, f, room, value);
            return true;
        }
        catch (RpcException e) when (f == "read" && e.StatusCode == StatusCode.NotFound)
        {
            history.Add(process, OperationType.Ok, f, room);
            return true;
        }
        catch (RpcException e)
        {
            // what says that nothing was done is held to it
            var isKnown = RetryingClient.IsRefusal(e.StatusCode) || e.Status.Detail.Contains("nothing was done", StringComparison.Ordinal);
            history.Add(process, isKnown ? OperationType.Fail : OperationType.Info, f, room,
                new OperationValue(Status: $"{e.StatusCode}: {e.Status.Detail}"));
            return isKnown;
        }
    }

    /// <summary>A room that is closed, or being closed, is no room; from whom it is revoked owns it no more.</summary>
    public static OperationValue? SeenIn(GetRoomReply reply) => reply.Room.Status is RoomStatus.Closed or RoomStatus.Closing ? null
        : new OperationValue(reply.Room.Epoch, reply.Room.Status == RoomStatus.Revoking ? "" : reply.Room.NodeId, reply.AppliedIndex,
            Status: reply.Room.Status.ToString());

    /// <summary>What caused no event changed nothing.</summary>
    private static (OperationValue?, bool) SaidBy(RoomReply reply) =>
        (new OperationValue(reply.Epoch, reply.NodeId, reply.Commit.LogIndex), reply.Commit.EventSeq != 0);

    /// <summary>Its effect on ownership comes later.</summary>
    private static (OperationValue?, bool) Without((OperationValue? Value, bool HadEffect) said) =>
        (said.Value! with { Epoch = null, Node = null }, said.HadEffect);
}
