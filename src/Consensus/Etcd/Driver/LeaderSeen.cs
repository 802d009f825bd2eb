using VideoScale.Consensus.Etcd.Client;
using VideoScale.Consensus.Etcd.Layout;

namespace VideoScale.Consensus.Etcd.Driver;

/// <summary>The leader's key as it was found.</summary>
internal readonly record struct LeaderSeen(LeaderValue Value, ulong Term, long Lease)
{
    internal static LeaderSeen? Of(EtcdKeys keys, KeyValue? found) => found is null ? null
        : new LeaderSeen(LeaderValue.Decode(found.Value), keys.TermOf(found.CreateRevision), found.Lease);
}
