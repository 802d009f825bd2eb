using System.Diagnostics;
using System.Net;
using System.Runtime.CompilerServices;
using Microsoft.Extensions.Logging.Abstractions;
using VideoScale.Consensus;
using VideoScale.Consensus.Apply.Directories;
using VideoScale.Consensus.Apply.Snapshots;
using VideoScale.Consensus.Engine.Driver;
using VideoScale.Consensus.Engine.Transport;
using VideoScale.Consensus.Engine.Wal;

namespace VideoScale.Bench.Consensus;

/// <summary>Three replicas of our engine in this process, over TCP on loopback, each with its own log on disk.</summary>
public sealed class EngineSystem(string root, int payloadBytes) : ISystem
{
    private readonly List<(ReplicatedLog Log, DataDirectory Directory)> _replicas = [];
    private readonly List<SnapshotStore> _snapshots = [];
    private readonly byte[] _payload = new byte[payloadBytes];
    private long _sequence;
    private ReplicatedLog? _leader;

    public string Name => "engine";

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        Random.Shared.NextBytes(_payload);
        var members = Enumerable.Range(1, 3).Select(i => new MemberId((ulong)i)).ToArray();
        var transports = new List<TcpTransport>();
        foreach (var member in members)
        {
            var directory = DataDirectory.Open(Path.Combine(root, "engine-" + member), clusterId: 1, member);
            var snapshots = new SnapshotStore(directory);
            var options = new TransportOptions { ClusterId = 1, Self = member, Listen = new IPEndPoint(IPAddress.Loopback, 0) };
            transports.Add(new TcpTransport(options, snapshots, new Dictionary<MemberId, EndPoint>(), NullLogger<TcpTransport>.Instance));
            foreach (var other in transports)
            {
                other.SetPeer(member, transports[^1].LocalEndPoint);
                transports[^1].SetPeer(members[transports.IndexOf(other)], other.LocalEndPoint);
            }
            _replicas.Add((null!, directory));
            _snapshots.Add(snapshots);
        }
        for (var i = 0; i < members.Length; i++)
        {
            var directory = _replicas[i].Directory;
            var wal = new WriteAheadLog(directory, new WalOptions());
            var log = ReplicatedLog.Start(new ReplicatedLogOptions { Self = members[i], InitialMembership = Membership.Of(members) },
                wal, _snapshots[i], transports[i], new CountingMachine(), NullLogger.Instance);
            _replicas[i] = (log, directory);
        }
        while (_leader is null)
        {
            await Task.Delay(20, cancellationToken);
            _leader = _replicas.Select(r => r.Log).FirstOrDefault(log => log.Status.Role == ReplicaRole.Leader);
        }
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))] // what is allocated is to be the engine's alone
    public async ValueTask<bool> CommitAsync(int worker, CancellationToken cancellationToken)
    {
        // One session, as the control plane of one replica has.
        var id = new ProposalId(1, (ulong)Interlocked.Increment(ref _sequence));
        var result = await _leader!.ProposeAsync(id, _payload, CancellationToken.None);
        if (result.Outcome == Outcome.Committed) return true;
        await Task.Delay(10, cancellationToken);
        _leader = _replicas.Select(r => r.Log).FirstOrDefault(log => log.Status.Role == ReplicaRole.Leader) ?? _leader;
        return false;
    }

    public TimeSpan CpuTime()
    {
        using var self = Process.GetCurrentProcess();
        return self.TotalProcessorTime;
    }

    public long? AllocatedBytes() => GC.GetTotalAllocatedBytes();

    public async ValueTask DisposeAsync()
    {
        foreach (var (log, directory) in _replicas)
        {
            await log.DisposeAsync();
            directory.Dispose();
        }
    }
}
