using VideoScale.Consensus.Apply.Directories;
using VideoScale.Consensus.Etcd.Client;

namespace VideoScale.Consensus.Etcd;

/// <summary>The log in an operator's etcd; a member's directory holds its identity and its own snapshots.</summary>
public sealed class EtcdEngine(EtcdOptions options) : ILogEngine
{
    public const string EngineName = "etcd";

    public string Name => EngineName;

    public ILogDirectory Open(string path, UInt128 clusterId, MemberId self) =>
        new EtcdDirectory(DataDirectory.Open(path, clusterId, self, EngineName), options);
}
