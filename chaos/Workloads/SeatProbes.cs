using System.Collections.Concurrent;
using Grpc.Core;
using Grpc.Net.Client;
using VideoScale.Chaos.Checkers;
using VideoScale.V1;

namespace VideoScale.Chaos.Workloads;

/// <summary>
/// Asks every media node for a seat in every room, again and again, under every epoch the room has had, and records what
/// is granted on one clock: authority as it is seen from outside.
/// </summary>
/// <param name="busy">100: as often as they can; less: with pauses that are longer by as much.</param>
public sealed class SeatProbes(IReadOnlyList<GrpcChannel> replicas, IReadOnlyDictionary<string, GrpcChannel> nodes,
    IReadOnlyList<string> rooms, int busy)
{
    private const string Identity = "probe";
    private const int EpochsAsked = 3;
    private static readonly TimeSpan ShortestPause = TimeSpan.FromMilliseconds(15);
    private static readonly TimeSpan AskDeadline = TimeSpan.FromSeconds(20);

    private readonly ConcurrentQueue<Grant> _grants = new();
    private readonly ConcurrentDictionary<string, List<(ulong Epoch, ulong Seat)>> _tenures = new();
    private readonly ConcurrentDictionary<string, List<(long FromNs, long ToNs)>> _frozen = new();
    private readonly ConcurrentDictionary<string, byte> _unanswered = new();
    private int _refusals, _staleAsked, _staleGranted;

    public IReadOnlyCollection<Grant> Grants => _grants;
    public int Refusals => _refusals;
    /// <summary>What else came back in place of an answer; for a reader who wonders why there was none.</summary>
    public IEnumerable<string> Unanswered => _unanswered.Keys;
    /// <summary>Answers to requests under an epoch that was known to be over when the request was sent.</summary>
    public int StaleAsked => _staleAsked;
    /// <summary>How many of them were grants: must stay 0.</summary>
    public int StaleGranted => _staleGranted;
    public int EpochsSeen => _tenures.Sum(t => { lock (t.Value) return t.Value.Count; });

    /// <summary>
    /// Tells that a node's process did not run between two times: whatever it answered to requests sent meanwhile it decided after.
    /// </summary>
    public void WasFrozen(string node, long fromNs, long toNs)
    {
        var list = _frozen.GetOrAdd(node, _ => []);
        lock (list) list.Add((fromNs, toNs));
    }

    public Task RunAsync(CancellationToken stop)
    {
        var tasks =
            rooms.Select((room, i) => Task.Run(() => FollowAsync(room, new RetryingClient(replicas, i), stop), CancellationToken.None))
            .Concat(rooms.SelectMany(room =>
                nodes.Select(node => Task.Run(() => AskAsync(room, node.Key, node.Value, stop), CancellationToken.None))));
        return Task.WhenAll(tasks);
    }

    /// <summary>Learns each new epoch of a room with the seat the control plane reserves for the probe.</summary>
    private async Task FollowAsync(string room, RetryingClient client, CancellationToken stop)
    {
        var tenures = _tenures.GetOrAdd(room, _ => []);
        while (!stop.IsCancellationRequested)
        {
            var requestId = $"probe-{Guid.NewGuid():N}";
            var answer = await client.CallAsync((invoker, options) => new RoomService.RoomServiceClient(invoker).AdmitParticipantAsync(
                new AdmitParticipantRequest { RequestId = requestId, RoomId = room, Identity = Identity, Role = ParticipantRole.Publisher },
                    options), stop);
            if (answer.Reply is { Epoch: > 0 } reply)
                lock (tenures)
                    if (!tenures.Contains((reply.Epoch, reply.Participant.SeatId))) tenures.Add((reply.Epoch, reply.Participant.SeatId));
            try { await Task.Delay(100, stop); } catch (OperationCanceledException) { return; }
        }
    }

    private async Task AskAsync(string room, string node, GrpcChannel channel, CancellationToken stop)
    {
        var admission = new AdmissionService.AdmissionServiceClient(channel);
        var tenures = _tenures.GetOrAdd(room, _ => []);
        while (!stop.IsCancellationRequested)
        {
            (ulong Epoch, ulong Seat)[] asked;
            lock (tenures) asked = [.. tenures.OrderByDescending(t => t.Epoch).Take(EpochsAsked)];
            for (var i = 0; i < asked.Length; i++) await AskOnceAsync(admission, room, node, asked[i], newest: asked[0].Epoch, stop);
            try { await Task.Delay(ShortestPause * (100.0 / busy), stop); } catch (OperationCanceledException) { return; }
        }
    }

    private async Task AskOnceAsync(AdmissionService.AdmissionServiceClient admission, string room, string node,
        (ulong Epoch, ulong Seat) ask, ulong newest, CancellationToken stop)
    {
        var sentNs = History.NowNs;
        var stale = ask.Epoch < newest;
        try
        {
            var reply = await admission.TakeSeatAsync(new TakeSeatRequest
            {
                RoomId = room,
                Epoch = ask.Epoch,
                Identity = Identity,
                SeatId = ask.Seat,
            },
                deadline: DateTime.UtcNow + AskDeadline, cancellationToken: stop);
            _grants.Enqueue(new Grant(room, node, reply.Epoch, Earliest(node, sentNs), History.NowNs));
            if (stale) { Interlocked.Increment(ref _staleAsked); Interlocked.Increment(ref _staleGranted); }
        }
        catch (RpcException e) when (e.StatusCode is StatusCode.FailedPrecondition or StatusCode.NotFound or StatusCode.ResourceExhausted)
        {
            Interlocked.Increment(ref _refusals);
            if (stale) Interlocked.Increment(ref _staleAsked);
        }
        catch (RpcException e)
        {
            _unanswered[e.Status.ToString()] = 0;
            await Task.Delay(ShortestPause, CancellationToken.None); // down, cut or frozen: no answer is no grant
        }
    }

    private long Earliest(string node, long sentNs)
    {
        if (!_frozen.TryGetValue(node, out var list)) return sentNs;
        lock (list)
            foreach (var (from, to) in list)
                if (sentNs >= from && sentNs < to) return to;
        return sentNs;
    }
}
