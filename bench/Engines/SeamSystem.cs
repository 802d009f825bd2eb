using System.Diagnostics;
using System.Net;
using System.Runtime.CompilerServices;
using Microsoft.Extensions.Logging.Abstractions;
using VideoScale.Bench.Consensus;
using VideoScale.Consensus;
using VideoScale.Harness.Disks;
using VideoScale.Harness.Processes;

namespace VideoScale.Bench.Engines;

/// <summary>
/// Three replicas of an engine in this process, opened through the seam as the command line does it, over TCP on loopback.
/// </summary>
/// <param name="outside">Where the engine keeps its log, when that is in other processes; ends with the system.</param>
public sealed class SeamSystem(string root, int payloadBytes, ILogEngine engine, string? name = null, EtcdProcess? outside = null) : ISystem
{
    private readonly List<(ILogDirectory Directory, IReplicatedLog Log)> _replicas = [];
    private readonly byte[] _payload = new byte[payloadBytes];
    private long _sequence;
    private IReplicatedLog? _leader;

    public string Name => name ?? engine.Name;

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        Random.Shared.NextBytes(_payload);
        var ports = LoopbackPorts.Free(3);
        MemberAddress[] members =
            [.. ports.Select((port, i) => new MemberAddress(new MemberId((ulong)i + 1), $"127.0.0.1:{port}", "", ""))];
        for (var i = 0; i < members.Length; i++)
        {
            var directory = engine.Open(Path.Combine(root, $"{engine.Name}-{i + 1}"), 1, members[i].Member);
            _replicas.Add((directory, directory.Start(new LogSetup
            {
                Listen = new IPEndPoint(IPAddress.Loopback, ports[i]),
                Members = members,
                Founders = Membership.Of([.. members.Select(member => member.Member)]),
            }, new CountingMachine(), NullLoggerFactory.Instance)));
        }
        while (FindLeader() is null) await Task.Delay(20, cancellationToken);
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))] // what is allocated is to be the engine's alone
    public async ValueTask<bool> CommitAsync(int worker, CancellationToken cancellationToken)
    {
        // One session, as the control plane of one replica has.
        var id = new ProposalId(1, (ulong)Interlocked.Increment(ref _sequence));
        var result = await _leader!.ProposeAsync(id, _payload, CancellationToken.None);
        if (result.Outcome == Outcome.Committed) return true;
        await Task.Delay(10, cancellationToken);
        FindLeader();
        return false;
    }

    public TimeSpan CpuTime()
    {
        using var self = Process.GetCurrentProcess();
        return self.TotalProcessorTime + (outside?.CpuTime() ?? TimeSpan.Zero);
    }

    public long? AllocatedBytes() => GC.GetTotalAllocatedBytes();

    public async Task<long?> SyncsAsync(CancellationToken cancellationToken) =>
        outside is not null ? await outside.SyncsAsync(cancellationToken) : SyncCounter.IsThere ? SyncCounter.Count : null;

    public async ValueTask DisposeAsync()
    {
        foreach (var (directory, log) in _replicas)
        {
            await log.DisposeAsync();
            directory.Dispose();
        }
        if (outside is not null) await outside.DisposeAsync();
    }

    private IReplicatedLog? FindLeader() =>
        _leader = _replicas.Select(r => r.Log).FirstOrDefault(log => log.Status.Role == ReplicaRole.Leader) ?? _leader;
}
