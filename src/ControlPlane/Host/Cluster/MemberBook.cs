using VideoScale.Consensus;

namespace VideoScale.ControlPlane.Host.Cluster;

/// <summary>Who is a member and where: what the replicated membership says, and cluster.json for what it does not say.</summary>
public sealed class MemberBook(ClusterFiles files, IReplicatedLog log)
{
    public MemberId Self => files.Self;
    public string ClusterId => files.ClusterId;

    /// <summary>All members, in ascending order of member id. On a replica that is not a member yet: whoever it knows.</summary>
    public IReadOnlyList<ReplicaPeer> Peers => PeersOf(log.Status.Membership);

    public ReplicaPeer? Find(MemberId member)
    {
        if (member.IsNone) return null;
        foreach (var address in log.Status.Membership.Addresses)
        {
            if (address.Member == member) return ToPeer(address);
        }
        return files.Find(member);
    }

    internal IReadOnlyList<ReplicaPeer> PeersOf(Membership membership)
    {
        var everyone = membership.Everyone;
        if (everyone.Count == 0) return files.Peers;
        return [.. everyone.Select(member => membership.Addresses.FirstOrDefault(address => address.Member == member) is { } known
            ? ToPeer(known)
            : files.Find(member) ?? new ReplicaPeer(member, "", "", ""))];
    }

    private static ReplicaPeer ToPeer(MemberAddress address) => new(address.Member, address.Raft, address.Api, address.Http);
}
