using System.Net;
using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using VideoScale.Consensus;
using VideoScale.Consensus.Contract;
using VideoScale.Consensus.DotNext;
using VideoScale.Harness.Processes;

namespace VideoScale.DotNext.Tests;

/// <summary>Three replicas in this process, with logs on disk and TCP between them; each can be stopped and started again.</summary>
internal sealed class DotNextReplicas : IContractSystem
{
    private const int Count = 3;
    private static readonly MemberId[] Members = [new(1), new(2), new(3)];
    private readonly string _root = Directory.CreateTempSubdirectory("videoscale-dotnext-").FullName;
    private readonly int[] _ports = LoopbackPorts.Free(Count);
    private readonly (ILogDirectory Directory, IReplicatedLog Log, JournalMachine Machine)?[] _running =
        new (ILogDirectory, IReplicatedLog, JournalMachine)?[Count];
    private ulong _session;

    /// <param name="prepare">Makes a member's directory, before it starts for the first time.</param>
    internal DotNextReplicas(Action<string, MemberId>? prepare = null)
    {
        for (var i = 0; i < Count; i++)
        {
            prepare?.Invoke(DirectoryOf(i), Members[i]);
            Start(i);
        }
    }

    public IReadOnlyList<(IReplicatedLog Log, JournalMachine Machine)> Replicas =>
        [.. _running.Where(replica => replica is not null).Select(replica => (replica!.Value.Log, replica.Value.Machine))];

    internal IReplicatedLog LogOf(int replica) => _running[replica]!.Value.Log;
    internal JournalMachine MachineOf(int replica) => _running[replica]!.Value.Machine;
    internal string DirectoryOf(int replica) => Path.Combine(_root, Members[replica].ToString());
    internal int IndexOf(IReplicatedLog log) => Array.FindIndex(_running, replica => replica?.Log == log);

    internal void Start(int replica, ulong witnessed = 0)
    {
        var directory = new DotNextEngine(tls: null).Open(DirectoryOf(replica), 1, Members[replica]);
        try { _running[replica] = Start(directory, replica, witnessed); }
        catch
        {
            directory.Dispose();
            throw;
        }
    }

    private (ILogDirectory, IReplicatedLog, JournalMachine) Start(ILogDirectory directory, int replica, ulong witnessed)
    {
        var machine = new JournalMachine();
        var log = directory.Start(new LogSetup
        {
            WitnessedIndex = witnessed,
            Listen = new IPEndPoint(IPAddress.Loopback, _ports[replica]),
            Members = [.. Members.Select((member, i) => new MemberAddress(member, $"127.0.0.1:{_ports[i]}", "", ""))],
            Founders = Membership.Of(Members),
        }, machine, NullLoggerFactory.Instance);
        return (directory, log, machine);
    }

    internal async Task StopAsync(int replica)
    {
        var (directory, log, _) = _running[replica]!.Value;
        _running[replica] = null;
        await log.DisposeAsync();
        directory.Dispose();
    }

    public async Task<IReplicatedLog> LeaderAsync()
    {
        IReplicatedLog? leader = null;
        await Eventually.HoldsAsync(() => (leader = Replicas.Select(replica => replica.Log)
            .FirstOrDefault(log => log.Status.Role == ReplicaRole.Leader && !log.Fatal.IsCompleted)) is not null, "one leads");
        return leader!;
    }

    /// <summary>Commits under one id, whoever leads, however often it takes.</summary>
    internal async Task<ProposeResult> CommitAsync(string command)
    {
        var id = new ProposalId(++_session, 1);
        ProposeResult result = default;
        await Eventually.HoldsAsync(async () =>
        {
            using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(2));
            result = await (await LeaderAsync()).ProposeAsync(id, Encoding.UTF8.GetBytes(command), patience.Token);
            return result.Outcome == Outcome.Committed;
        }, $"'{command}' is committed");
        return result;
    }

    public async ValueTask DisposeAsync()
    {
        for (var i = 0; i < Count; i++)
            if (_running[i] is not null) await StopAsync(i);
        Directory.Delete(_root, recursive: true);
    }
}
