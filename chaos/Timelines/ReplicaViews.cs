using System.Collections.Concurrent;
using Grpc.Core;
using VideoScale.Chaos.Fleets;
using VideoScale.Chaos.Workloads;
using VideoScale.V1;

namespace VideoScale.Chaos.Timelines;

/// <summary>What one replica said of itself at one moment.</summary>
/// <param name="Leader">Number of the replica it follows or is; null when it knows none.</param>
public sealed record ReplicaView(int Replica, long AtNs, ReplicaRole Role, ulong Term, int? Leader);

/// <summary>Asks every replica several times a second how it sees the cluster; the harness reaches all, whatever is cut.</summary>
public sealed class ReplicaViews(Fleet fleet)
{
    private static readonly TimeSpan Pace = TimeSpan.FromMilliseconds(100);
    private readonly ConcurrentQueue<ReplicaView> _views = new();
    private readonly Dictionary<ulong, int> _numbers = [];
    private readonly Lock _gate = new();
    private ReplicaView _leader = new(0, 0, ReplicaRole.Leader, 0, 0);

    public IReadOnlyCollection<ReplicaView> All => _views;

    /// <summary>Who led last, as far as anybody said.</summary>
    public int LastLeader => Volatile.Read(ref _leader).Replica;

    /// <summary>Learns who is who, while all answer.</summary>
    public async Task PrepareAsync(CancellationToken stop)
    {
        for (var replica = 0; replica < fleet.Replicas.Count; replica++)
        {
            var status = await fleet.StatusAsync(replica, stop);
            _numbers[status.MemberId] = replica;
            lock (_gate) if (status.Role == ReplicaRole.Leader) _leader = _leader with { Replica = replica };
        }
    }

    public async Task RunAsync(CancellationToken stop)
    {
        await PrepareAsync(stop);
        await Task.WhenAll(Enumerable.Range(0, fleet.Replicas.Count).Select(replica => FollowAsync(replica, stop)));
    }

    private async Task FollowAsync(int replica, CancellationToken stop)
    {
        using var timer = new PeriodicTimer(Pace);
        try
        {
            while (await timer.WaitForNextTickAsync(stop))
            {
                try
                {
                    var status = await fleet.StatusAsync(replica, stop);
                    var view = new ReplicaView(replica, History.NowNs, status.Role, status.Term,
                        _numbers.TryGetValue(status.LeaderId, out var leader) ? leader : null);
                    _views.Enqueue(view);
                    lock (_gate) if (view.Role == ReplicaRole.Leader && view.Term >= _leader.Term) _leader = view;
                }
                catch (RpcException) when (!stop.IsCancellationRequested) { } // too busy to answer: the next time
            }
        }
        catch (Exception e) when (e is OperationCanceledException or RpcException && stop.IsCancellationRequested) { }
    }
}
