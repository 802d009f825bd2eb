using VideoScale.Consensus.Contract;
using VideoScale.Consensus.Etcd.Client;
using VideoScale.Harness.Processes;
using Xunit.Abstractions;

namespace VideoScale.Consensus.Etcd.Tests;

/// <summary>Three replicas over an etcd of one member.</summary>
public sealed class Contract_of_etcd(SkipTally skips, ITestOutputHelper output, OneEtcd etcd) : ReplicatedLogContract(skips, output),
    IClassFixture<OneEtcd>
{
    protected override string Implementation => "etcd";

    protected override Task<IContractSystem> StartAsync() => Task.FromResult<IContractSystem>(new OverEtcd(etcd.Options()));

    private sealed class OverEtcd : IContractSystem
    {
        private readonly Replicas _replicas;

        internal OverEtcd(EtcdOptions options)
        {
            _replicas = new Replicas(options);
            for (var member = 1UL; member <= 3; member++) _replicas.Start(member);
        }

        public IReadOnlyList<(IReplicatedLog Log, JournalMachine Machine)> Replicas => _replicas.All;
        public Task<IReplicatedLog> LeaderAsync() => _replicas.LeaderAsync();
        public ValueTask DisposeAsync() => _replicas.DisposeAsync();
    }
}

/// <summary>One etcd for the tests of a class: each takes a prefix of its own.</summary>
public sealed class OneEtcd : IAsyncLifetime
{
    private static int _prefixes;

    public EtcdProcess Etcd { get; } = EtcdProcess.Start();

    public EtcdOptions Options() => new()
    {
        Endpoints = Etcd.Endpoints,
        Prefix = $"/test/{Interlocked.Increment(ref _prefixes)}/",
        LeaseSeconds = 2,
    };

    public Task InitializeAsync() => Etcd.ReadyAsync();

    public async Task DisposeAsync() => await Etcd.DisposeAsync();
}
