using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using VideoScale.Consensus.Apply.Directories;
using VideoScale.Consensus.Apply.Moves;
using VideoScale.Consensus.Apply.Snapshots;
using VideoScale.Consensus.Etcd.Client;
using VideoScale.Consensus.Etcd.Driver;
using VideoScale.Consensus.Etcd.Layout;
using VideoScale.Rpc;

namespace VideoScale.Consensus.Etcd;

/// <summary>Puts a replica together over its directory and the keys in etcd.</summary>
internal sealed class EtcdDirectory(DataDirectory directory, EtcdOptions options) : ILogDirectory
{
    private const long TailBytes = 16L << 20;

    public string Path => directory.Path;

    /// <exception cref="RpcConfigurationException">etcd cannot be reached or used with these settings.</exception>
    public IReplicatedLog Start(LogSetup setup, IReplicatedStateMachine machine, ILoggerFactory loggers)
    {
        ArgumentNullException.ThrowIfNull(setup);
        var client = new EtcdClient(options);
        try
        {
            var store = new SnapshotStore(directory);
            var self = setup.Members.FirstOrDefault(member => member.Member == directory.Member)
                ?? throw new DataDirectoryException($"{directory.Path}: no address of member {directory.Member} is known");
            var reached = Math.Max(setup.WitnessedIndex, store.Latest?.Index ?? 0);
            var claim = new PrefixClaim(client, new EtcdKeys(options.Prefix, directory.ClusterId), directory.ClusterId,
                loggers.CreateLogger<EtcdLog>());
            var place = claim.MakeAsync(self, reached, directory.Move, directory.NoteRun).GetAwaiter().GetResult();
            var keys = new EtcdKeys(options.Prefix, directory.ClusterId, place?.SeenTerm ?? 0);
            var log = new EtcdLog(
                new EtcdLogSetup(EtcdEngine.EngineName, directory.Member, directory.ClusterId, options, keys, setup.Founders, setup.Members,
                setup.SnapshotLogBytes, Math.Min(TailBytes, setup.SnapshotLogBytes / 4), place?.Index ?? 0), client, store, machine,
                    loggers);
            log.Start();
            return log;
        }
        catch
        {
            client.Dispose();
            throw;
        }
    }

    public Task<string?> WhyNotAtAsync(MemberId member, string address, CancellationToken cancellationToken) =>
        Task.FromResult<string?>("the log is in etcd: replicas do not speak to each other there");

    public LogSummary Summarize() => throw InEtcd();

    public void BeginAnew(Membership membership, ReadOnlyMemory<byte> command, Action prepare) => throw InEtcd();

    public LogMove? Move => directory.Move;

    public SnapshotContent<T>? ReadSnapshot<T>(Func<ISnapshotReader, T> read) => new SnapshotStore(directory).Read(read);

    public void MoveTo(ILogEngine engine, ulong index, ulong term, Membership voters, Action<string> prepare)
    {
        if (engine.Name == EtcdEngine.EngineName)
            throw new DataDirectoryException(
                $"{directory.Path}: from one prefix in etcd to another its keys go with etcd's own tools, or by way of another engine");
        using var client = new EtcdClient(options);
        var claim = new PrefixClaim(client, new EtcdKeys(options.Prefix, directory.ClusterId), directory.ClusterId,
            NullLogger<EtcdLog>.Instance);
        var seenTerm = Math.Max(term, claim.SeenTermAsync().GetAwaiter().GetResult());
        DirectoryMove.Run(directory, EtcdEngine.EngineName, engine, new LogPlace(index, term, seenTerm), voters, [], prepare);
    }

    public void Dispose() => directory.Dispose();

    private DataDirectoryException InEtcd() => new(
        $"the log of {directory.Path} is in etcd, not here: after a loss of etcd's majority restore etcd from its own backup (etcdctl "
            + $"snapshot "
        + "restore), then start the replicas");
}
