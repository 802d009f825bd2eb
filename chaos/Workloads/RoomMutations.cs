using System.Collections.Concurrent;
using Grpc.Net.Client;
using VideoScale.V1;

namespace VideoScale.Chaos.Workloads;

/// <summary>An acknowledged mutation: what the event log must hold, once.</summary>
public sealed record Acknowledged(string RequestId, string F, string Room, ulong LogIndex, ulong EventSeq, ulong Epoch);

/// <summary>
/// Clients that create, admit, move, remove and close, without pause while the pulse beats. Each slot owns the rooms it creates and
/// has one call outstanding, so it knows what a linearizable read of them must say.
/// </summary>
public sealed class RoomMutations(IReadOnlyList<GrpcChannel> channels, int clients, int slotsPerClient, string prefix, int seed,
    Pulse pulse)
{
    private const int OtherBodyEvery = 10;

    private readonly ConcurrentQueue<Acknowledged> _acknowledged = new();
    private readonly ConcurrentQueue<string> _violations = new();
    private readonly ConcurrentDictionary<string, byte> _requests = new();
    private int _outstanding, _refused, _unknown, _retried, _reads;

    public History History { get; } = new();
    public IReadOnlyCollection<Acknowledged> Acknowledgements => _acknowledged;
    public IReadOnlyCollection<string> Violations => _violations;
    public int Outstanding => Volatile.Read(ref _outstanding);
    public int Refused => _refused;
    public int Unknown => _unknown;
    public int Retried => _retried;
    public int Reads => _reads;

    /// <summary>
    /// Runs until <paramref name="stop"/>, then lets every outstanding call come to its end or <paramref name="giveUp"/>.
    /// </summary>
    public Task RunAsync(CancellationToken stop, CancellationToken giveUp) => Task.WhenAll(
        Enumerable.Range(0, clients * slotsPerClient)
            .Select(slot => Task.Run(() => RunSlotAsync(slot, stop, giveUp), CancellationToken.None)));

    private async Task RunSlotAsync(int slot, CancellationToken stop, CancellationToken giveUp)
    {
        var random = new Random(seed * 7919 + slot);
        var client = new RetryingClient(channels, slot);
        var rooms = new List<OwnRoom>();
        for (var step = 0; !stop.IsCancellationRequested; step++)
        {
            await pulse.BeatsAsync();
            var room = rooms.Count == 0 ? null : rooms[random.Next(rooms.Count)];
            var requestId = $"{prefix}-{slot}-{step}";
            switch (random.Next(100))
            {
                case < 40 or >= 97 when rooms.Count < 200:
                    await CreateAsync(client, slot, requestId, rooms, giveUp);
                    break;
                case < 65 when room is not null:
                    await AdmitAsync(client, slot, requestId, room, step, giveUp);
                    break;
                case < 72 when room is { Identities.Count: > 0 }:
                    await RemoveAsync(client, slot, requestId, room, giveUp);
                    break;
                case < 80 when room is not null:
                    await MutateAsync(client, slot, requestId, "move", room.Name,
                        (invoker, options) => new RoomService.RoomServiceClient(invoker)
                        .MoveRoomAsync(new MoveRoomRequest { RequestId = requestId, RoomId = room.Name }, options), r =>
                            (r.Commit, 0UL), giveUp);
                    break;
                case < 86 when room is not null && rooms.Count > 3:
                    await CloseAsync(client, slot, requestId, room, rooms, giveUp);
                    break;
                default:
                    if (room is not null) await ReadAsync(client, slot, room, giveUp);
                    else await CreateAsync(client, slot, requestId, rooms, giveUp);
                    break;
            }
        }
    }

    private async Task CreateAsync(RetryingClient client, int slot, string requestId, List<OwnRoom> rooms, CancellationToken giveUp)
    {
        var name = $"r-{requestId}";
        var answer = await MutateAsync(client, slot, requestId, "create", name,
            (invoker, options) => new RoomService.RoomServiceClient(invoker)
            .CreateRoomAsync(new CreateRoomRequest { RequestId = requestId, RoomId = name, ExpectedParticipants = 4, KeepWhenEmpty = true },
                options),
            r => (r.Commit, r.Epoch), giveUp);
        if (answer.Reply is { } reply)
        {
            rooms.Add(new OwnRoom(name, reply.Commit.LogIndex));
            if (rooms.Count % OtherBodyEvery == 0) await CallWithOtherBodyAsync(client, requestId, name, giveUp);
        }
        else if (answer.Refusal is { } refusal) _violations.Enqueue($"create of the new room {name} was refused: {refusal}");
    }

    /// <summary>One request_id is for one body: another one under it is refused, whichever replica is asked.</summary>
    private async Task CallWithOtherBodyAsync(RetryingClient client, string requestId, string room, CancellationToken giveUp)
    {
        var answer = await client.CallAsync((invoker, options) => new RoomService.RoomServiceClient(invoker).CreateRoomAsync(
            new CreateRoomRequest { RequestId = requestId, RoomId = room, ExpectedParticipants = 5, KeepWhenEmpty = true }, options),
                giveUp);
        if (answer.Acknowledged) _violations.Enqueue($"request_id {requestId} was answered for another body");
    }

    private async Task AdmitAsync(RetryingClient client, int slot, string requestId, OwnRoom room, int step, CancellationToken giveUp)
    {
        var identity = $"p{step}";
        var answer = await MutateAsync(client, slot, requestId, "admit", room.Name,
            (invoker, options) => new RoomService.RoomServiceClient(invoker)
            .AdmitParticipantAsync(new AdmitParticipantRequest
            {
                RequestId = requestId,
                RoomId = room.Name,
                Identity = identity,
                Role = ParticipantRole.Publisher
            }, options),
            r => (r.Commit, r.Epoch), giveUp);
        if (answer.Reply is { } reply) { room.Identities.Add(identity); room.LogIndex = reply.Commit.LogIndex; }
    }

    private async Task RemoveAsync(RetryingClient client, int slot, string requestId, OwnRoom room, CancellationToken giveUp)
    {
        var identity = room.Identities[^1];
        room.Identities.RemoveAt(room.Identities.Count - 1);
        await MutateAsync(client, slot, requestId, "remove", room.Name, (invoker, options) => new RoomService.RoomServiceClient(invoker)
            .RemoveParticipantAsync(new RemoveParticipantRequest { RequestId = requestId, RoomId = room.Name, Identity = identity },
                options),
            r => (r.Commit, 0UL), giveUp);
    }

    private async Task CloseAsync(RetryingClient client, int slot, string requestId, OwnRoom room, List<OwnRoom> rooms,
        CancellationToken giveUp)
    {
        rooms.Remove(room);
        await MutateAsync(client, slot, requestId, "close", room.Name, (invoker, options) => new RoomService.RoomServiceClient(invoker)
            .CloseRoomAsync(new CloseRoomRequest { RequestId = requestId, RoomId = room.Name }, options), r => (r.Commit, 0UL), giveUp);
    }

    /// <summary>A linearizable read of a room this slot alone writes to: it must show at least what was acknowledged.</summary>
    private async Task ReadAsync(RetryingClient client, int slot, OwnRoom room, CancellationToken giveUp)
    {
        History.Add(slot, OperationType.Invoke, "read", room.Name);
        var answer = await client.CallAsync((invoker, options) => new RoomService.RoomServiceClient(invoker)
            .GetRoomAsync(new GetRoomRequest { RoomId = room.Name, Consistency = Consistency.Linearizable }, options), giveUp);
        Interlocked.Increment(ref _reads);
        History.Add(slot, answer.Acknowledged ? OperationType.Ok : OperationType.Fail, "read", room.Name,
            answer.Reply is { } seen ? RoomRegisters.SeenIn(seen) : null);
        if (answer.Refusal is { } refusal) _violations.Enqueue($"a linearizable read lost the acknowledged room {room.Name}: {refusal}");
        if (answer.Reply is { } reply && reply.AppliedIndex < room.LogIndex)
            _violations.Enqueue(
                $"a linearizable read of {room.Name} answered at index {reply.AppliedIndex}, before the acknowledged {room.LogIndex}");
    }

    private async Task<Answer<T>> MutateAsync<T>(RetryingClient client, int slot, string requestId, string f, string room,
        Func<Grpc.Core.CallInvoker, Grpc.Core.CallOptions, Grpc.Core.AsyncUnaryCall<T>> call, Func<T, (Commit Commit, ulong Epoch)> read,
            CancellationToken giveUp)
    {
        _requests[requestId] = 0;
        History.Add(slot, OperationType.Invoke, f, room, new OperationValue(Request: requestId));
        Interlocked.Increment(ref _outstanding);
        var answer = await client.CallAsync(call, giveUp);
        Interlocked.Decrement(ref _outstanding);
        if (answer.Attempts > 1) Interlocked.Increment(ref _retried);
        if (answer.Reply is { } reply)
        {
            var (commit, epoch) = read(reply);
            _acknowledged.Enqueue(new Acknowledged(requestId, f, room, commit.LogIndex, commit.EventSeq, epoch));
            History.Add(slot, OperationType.Ok, f, room, new OperationValue(Index: commit.LogIndex, Request: requestId));
        }
        else if (answer.Refusal is { } refusal)
        {
            Interlocked.Increment(ref _refused);
            History.Add(slot, OperationType.Fail, f, room,
                new OperationValue(Request: requestId, Status: refusal.StatusCode.ToString()));
        }
        else
        {
            Interlocked.Increment(ref _unknown);
            History.Add(slot, OperationType.Info, f, room, new OperationValue(Request: requestId));
        }
        return answer;
    }

    private sealed class OwnRoom(string name, ulong logIndex)
    {
        public string Name { get; } = name;
        public ulong LogIndex { get; set; } = logIndex;
        public List<string> Identities { get; } = [];
    }
}
