using System.Net;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using VideoScale.Consensus.Contract;
using VideoScale.Consensus.Etcd.Client;
using VideoScale.Harness.Processes;

namespace VideoScale.Consensus.Etcd.Tests;

/// <summary>Replicas over one etcd, each with a directory of its own, in this process.</summary>
internal sealed class Replicas(EtcdOptions options, UInt128? clusterId = null) : IAsyncDisposable
{
    internal static readonly UInt128 Cluster = 0xC1;
    private readonly string _root = Directory.CreateTempSubdirectory("etcd-replicas-").FullName;
    private readonly SortedDictionary<ulong, Running> _running = [];

    private sealed record Running(ILogDirectory Directory, IReplicatedLog Log, JournalMachine Machine);

    internal IReadOnlyList<(IReplicatedLog Log, JournalMachine Machine)> All
    {
        get { lock (_running) return [.. _running.Values.Select(r => (r.Log, r.Machine))]; }
    }

    internal IReplicatedLog Log(ulong member) => Of(member).Log;

    internal JournalMachine Machine(ulong member) => Of(member).Machine;

    internal string DirectoryOf(ulong member) => Path.Combine(_root, $"{member}");

    internal IReplicatedLog Start(ulong member, ulong witnessed = 0, long snapshotLogBytes = 64 << 20, EtcdOptions? with = null,
        Action<JournalMachine>? prepare = null)
    {
        var machine = new JournalMachine();
        prepare?.Invoke(machine);
        var directory = new EtcdEngine(with ?? options).Open(DirectoryOf(member), clusterId ?? Cluster, new MemberId(member));
        try
        {
            var log = directory.Start(new LogSetup
            {
                Listen = new IPEndPoint(IPAddress.Loopback, 0),
                Members = [new MemberAddress(new MemberId(member), $"r{member}:1", $"r{member}:2", $"r{member}:3")],
                Founders = Membership.Of(new MemberId(1), new MemberId(2), new MemberId(3)),
                WitnessedIndex = witnessed,
                SnapshotLogBytes = snapshotLogBytes,
            }, machine, NullLoggerFactory.Instance);
            lock (_running) _running.Add(member, new Running(directory, log, machine));
            return log;
        }
        catch
        {
            directory.Dispose();
            throw;
        }
    }

    /// <summary>Ends a replica, in peace: its leader's key goes with it.</summary>
    internal async Task StopAsync(ulong member)
    {
        var running = Of(member);
        lock (_running) _running.Remove(member);
        await running.Log.DisposeAsync();
        running.Directory.Dispose();
    }

    internal async Task<IReplicatedLog> LeaderAsync()
    {
        IReplicatedLog? leader = null;
        await Eventually.HoldsAsync(() => (leader = All.Select(r => r.Log).FirstOrDefault(log =>
            log.Status is { Role: ReplicaRole.Leader, CommitIndex: > 0 } && !log.Fatal.IsCompleted)) is not null, "a replica leads",
            details: () =>
                string.Join("; ", All.Select(r => $"{r.Log.Status.Self} {r.Log.Status.Role} {string.Join(',', r.Log.Status.Notices)}")));
        return leader!;
    }

    /// <summary>Commits under one id, whoever leads, however often it takes.</summary>
    internal async Task<ProposeResult> CommitAsync(ProposalId id, string command)
    {
        ProposeResult result = default;
        await Eventually.HoldsAsync(async () =>
        {
            var leader = await LeaderAsync();
            result = await leader.ProposeAsync(id, System.Text.Encoding.UTF8.GetBytes(command), CancellationToken.None);
            return result.Outcome == Outcome.Committed;
        }, $"'{command}' is committed");
        return result;
    }

    private Running Of(ulong member)
    {
        lock (_running) return _running[member];
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var member in _running.Keys.ToArray()) await StopAsync(member);
        Directory.Delete(_root, recursive: true);
    }
}
