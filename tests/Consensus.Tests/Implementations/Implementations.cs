using System.Net;
using Microsoft.Extensions.Logging.Abstractions;
using VideoScale.Consensus.Apply.Directories;
using VideoScale.Consensus.Apply.Snapshots;
using VideoScale.Consensus.Contract;
using VideoScale.Consensus.Engine.Driver;
using VideoScale.Consensus.Engine.Transport;
using VideoScale.Consensus.Engine.Wal;
using VideoScale.Consensus.InMemory;
using VideoScale.Consensus.Tests.Transport;
using VideoScale.Consensus.Tests.Wal;
using VideoScale.Rpc;
using Xunit.Abstractions;

namespace VideoScale.Consensus.Tests.Implementations;

public sealed class Contract_of_the_fake(SkipTally skips, ITestOutputHelper output) : ReplicatedLogContract(skips, output)
{
    protected override string Implementation => "in-memory fake";

    protected override Task<IContractSystem> StartAsync() => Task.FromResult<IContractSystem>(new FakeSystem());

    private sealed class FakeSystem : IContractSystem
    {
        private readonly InMemoryReplicatedLog _log;
        private readonly JournalMachine _machine = new();

        internal FakeSystem() => _log = new InMemoryReplicatedLog(_machine);

        IReadOnlyList<(IReplicatedLog Log, JournalMachine Machine)> IContractSystem.Replicas => [(_log, _machine)];

        public Task<IReplicatedLog> LeaderAsync()
        {
            if (_log.Status.Role != ReplicaRole.Leader) _log.BecomeLeader();
            return Task.FromResult<IReplicatedLog>(_log);
        }

        public ValueTask DisposeAsync() => _log.DisposeAsync();
    }
}

/// <summary>Three engines with their own logs on disk and TCP between them, as they run in production.</summary>
public sealed class Contract_of_the_engine(SkipTally skips, ITestOutputHelper output) : ReplicatedLogContract(skips, output)
{
    protected override string Implementation => "engine";

    protected override Task<IContractSystem> StartAsync() => Task.FromResult<IContractSystem>(new EngineCluster(secure: false));
}

/// <summary>The same with mutual TLS.</summary>
public sealed class Contract_of_the_engine_with_tls(SkipTally skips, ITestOutputHelper output) : ReplicatedLogContract(skips, output)
{
    protected override string Implementation => "engine with mutual TLS";

    protected override Task<IContractSystem> StartAsync() => Task.FromResult<IContractSystem>(new EngineCluster(secure: true));
}

internal sealed class EngineCluster : IContractSystem
{
    private static readonly MemberId[] Members = [new(1), new(2), new(3)];
    private readonly TemporaryDirectory _root = new();
    private readonly List<DataDirectory> _directories = [];
    private readonly List<(IReplicatedLog Log, JournalMachine Machine)> _replicas = [];

    internal EngineCluster(bool secure)
    {
        var authority = secure ? TestCertificates.Authority("cluster") : null;
        var parts = Members.Select(member => Parts(member, authority)).ToArray();
        for (var i = 0; i < Members.Length; i++)
        {
            for (var peer = 0; peer < Members.Length; peer++)
                parts[i].Transport.SetPeer(Members[peer], parts[peer].Transport.LocalEndPoint);
            var machine = new JournalMachine();
            // TestLog.Small, so that segments change hands during the tests.
            var log = ReplicatedLog.Start(new ReplicatedLogOptions
            {
                Self = Members[i],
                InitialMembership = Membership.Of(Members),
                TickMs = 20,
            },
                new WriteAheadLog(_directories[i], TestLog.Small), parts[i].Snapshots, parts[i].Transport, machine, NullLogger.Instance);
            _replicas.Add((log, machine));
        }
    }

    public IReadOnlyList<(IReplicatedLog Log, JournalMachine Machine)> Replicas => _replicas;

    public async Task<IReplicatedLog> LeaderAsync()
    {
        IReplicatedLog? leader = null;
        await Driver.Replicas.Until(() => (leader = _replicas.Select(r => r.Log)
            .FirstOrDefault(log => log.Status is { Role: ReplicaRole.Leader } status && status.CommitIndex > 0 && !log.Fatal.IsCompleted))
                is not null);
        return leader!;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var (log, _) in _replicas) await log.DisposeAsync();
        foreach (var directory in _directories) directory.Dispose();
        _root.Dispose();
    }

    private (SnapshotStore Snapshots, TcpTransport Transport) Parts(MemberId member,
        System.Security.Cryptography.X509Certificates.X509Certificate2? authority)
    {
        var directory = DataDirectory.Open(Path.Combine(_root.Path, member.ToString()), clusterId: 1, member);
        _directories.Add(directory);
        var snapshots = new SnapshotStore(directory);
        var tls = authority is null ? null : TlsMaterial.Of(TestCertificates.Member(authority, member), authority);
        return (snapshots, new TcpTransport(new TransportOptions
        {
            ClusterId = 1,
            Self = member,
            Listen = new IPEndPoint(IPAddress.Loopback, 0),
            Tls = tls,
            MaxBackoffMs = 200
        },
            snapshots, new Dictionary<MemberId, EndPoint>(), NullLogger<TcpTransport>.Instance));
    }
}
