using System.Collections.Concurrent;
using Grpc.Core;
using VideoScale.Chaos.Fleets;
using VideoScale.V1;

namespace VideoScale.Chaos.Workloads;

/// <summary>One call of a client that knows one replica only.</summary>
/// <param name="Index">Of the log: where a write was committed, or what a read had applied; 0 without an answer.</param>
public sealed record PinnedCall(int Replica, bool IsRead, string Room, long BeganNs, long EndedNs, StatusCode Status, string Detail,
    ulong Index, ulong EventSeq = 0)
{
    public bool Succeeded => Status == StatusCode.OK;

    public bool SaysNobodyLeads => NobodyLeads.IsSaidBy(Status, Detail);
}

/// <summary>
/// A client at each replica that never goes elsewhere, as one that is cut off together with it: writes and linearizable reads, begun at an
/// even pace whatever became of those before.
/// </summary>
public sealed class PinnedCalls(Fleet fleet, string prefix, TimeSpan deadline)
{
    private static readonly TimeSpan Pace = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan LookAgain = TimeSpan.FromMilliseconds(50);
    private readonly ConcurrentQueue<PinnedCall> _calls = new();

    public IReadOnlyCollection<PinnedCall> Calls => _calls;

    /// <summary>What was acknowledged, as the event log must have it.</summary>
    public IReadOnlyCollection<Acknowledged> Acknowledgements =>
        [.. _calls.Where(call => call is { Succeeded: true, IsRead: false })
            .Select(call => new Acknowledged(call.Room, "create", call.Room, call.Index, call.EventSeq, 0))];

    public bool HasAny(Func<PinnedCall, bool> which) => _calls.Any(which);

    /// <summary>Waits so long at least, and until each of them has served a call begun since, or a limit has passed.</summary>
    /// <returns>Whether they have.</returns>
    public async Task<bool> AwaitServedAsync(IEnumerable<int> replicas, long sinceNs, TimeSpan atLeast, TimeSpan limit,
        CancellationToken cancellationToken)
    {
        int[] awaited = [.. replicas];
        while (true)
        {
            var passed = TimeSpan.FromMicroseconds((History.NowNs - sinceNs) / 1e3);
            var served = awaited.All(replica => HasAny(call => call.Replica == replica && call.Succeeded && call.BeganNs > sinceNs));
            if (passed >= atLeast && (served || passed >= limit)) return served;
            await Task.Delay(LookAgain, cancellationToken);
        }
    }

    /// <summary>Until stopped; then whatever is under way comes to its end.</summary>
    public async Task RunAsync(CancellationToken stop)
    {
        await WriteAsync(0, ReadRoom); // that which is read
        var running = new List<Task>();
        using var timer = new PeriodicTimer(Pace);
        try
        {
            for (var i = 0; await timer.WaitForNextTickAsync(stop); i++)
            {
                running.RemoveAll(static call => call.IsCompletedSuccessfully);
                for (var replica = 0; replica < fleet.Replicas.Count; replica++)
                    running.Add(i % 2 == 0 ? WriteAsync(replica, $"{prefix}-{replica}-{i}") : ReadAsync(replica));
            }
        }
        catch (OperationCanceledException) { }
        await Task.WhenAll(running);
    }

    private string ReadRoom => $"{prefix}-read";

    private Task WriteAsync(int replica, string room) => CallAsync(replica, isRead: false, room, async () =>
    {
        var reply = await new RoomService.RoomServiceClient(fleet.Replicas[replica]).CreateRoomAsync(
            new CreateRoomRequest { RequestId = room, RoomId = room, KeepWhenEmpty = true }, deadline: DateTime.UtcNow + deadline);
        return (reply.Commit.LogIndex, reply.Commit.EventSeq);
    });

    private Task ReadAsync(int replica) => CallAsync(replica, isRead: true, ReadRoom, async () =>
    {
        var reply = await new RoomService.RoomServiceClient(fleet.Replicas[replica]).GetRoomAsync(
            new GetRoomRequest { RoomId = ReadRoom, Consistency = Consistency.Linearizable }, deadline: DateTime.UtcNow + deadline);
        return (reply.AppliedIndex, 0UL);
    });

    private async Task CallAsync(int replica, bool isRead, string room, Func<Task<(ulong Index, ulong EventSeq)>> call)
    {
        var began = History.NowNs;
        try
        {
            var (index, eventSeq) = await call();
            _calls.Enqueue(new(replica, isRead, room, began, History.NowNs, StatusCode.OK, "", index, eventSeq));
        }
        catch (RpcException e)
        {
            _calls.Enqueue(new(replica, isRead, room, began, History.NowNs, e.StatusCode, e.Status.Detail, 0));
        }
    }
}
