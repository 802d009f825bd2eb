using Microsoft.Extensions.Logging.Abstractions;
using VideoScale.Consensus.Apply.Directories;
using VideoScale.Consensus.Etcd.Client;
using VideoScale.Consensus.Etcd.Driver;
using VideoScale.Consensus.Etcd.Layout;

namespace VideoScale.Consensus.Etcd;

/// <summary>The log in an operator's etcd; a member's directory holds its identity and its own snapshots.</summary>
public sealed class EtcdEngine(EtcdOptions options) : ILogEngine
{
    public const string EngineName = "etcd";

    public string Name => EngineName;

    public ILogDirectory Open(string path, UInt128 clusterId, MemberId self) =>
        new EtcdDirectory(DataDirectory.Open(path, clusterId, self, EngineName), options);

    /// <summary>Nothing is on disk; etcd is looked at, and nothing is written there before a replica starts.</summary>
    public void BeginAfter(string folder, UInt128 clusterId, MemberId self, LogPlace place)
    {
        using var client = new EtcdClient(options);
        new PrefixClaim(client, new EtcdKeys(options.Prefix, clusterId), clusterId, NullLogger<EtcdLog>.Instance).CheckAsync(place)
            .GetAwaiter().GetResult();
    }
}
