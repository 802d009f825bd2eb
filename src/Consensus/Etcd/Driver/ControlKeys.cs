using System.Collections.Immutable;
using VideoScale.Consensus.Etcd.Client;
using VideoScale.Consensus.Etcd.Layout;

namespace VideoScale.Consensus.Etcd.Driver;

/// <summary>What the keys beside leader and log say: members, who runs and how far it is, the snapshot, who is to lead next.</summary>
internal sealed class ControlKeys(EtcdKeys keys, Membership founders, IReadOnlyList<MemberAddress> founded)
{
    private readonly Lock _gate = new();
    private readonly SortedDictionary<MemberId, MemberAddress> _members = [];
    private readonly Dictionary<MemberId, (ulong Applied, long? GoneAt)> _present = [];
    private readonly HashSet<MemberId> _comers = [];
    private Membership? _membership; // as founded, until etcd has been read
    private MemberId _handover;
    private SnapshotManifest? _manifest;

    internal Membership Membership { get { lock (_gate) return _membership ?? founders; } }
    internal MemberId Handover { get { lock (_gate) return _handover; } }
    internal SnapshotManifest? Manifest { get { lock (_gate) return _manifest; } }

    /// <summary>A majority of those who voted in the log before has left it: it can go on no more.</summary>
    internal bool HaveComeFromBefore { get { lock (_gate) return 2 * founders.Voters.Count(_comers.Contains) > founders.Voters.Length; } }

    /// <summary>Everything anew.</summary>
    internal void Replace(IEnumerable<KeyValue> members, IEnumerable<KeyValue> present, IEnumerable<KeyValue> comers, KeyValue? handover,
        KeyValue? manifest)
    {
        lock (_gate)
        {
            _members.Clear();
            foreach (var kv in members) Set(kv.Key, kv);
            var stay = new HashSet<MemberId>();
            foreach (var kv in present)
            {
                Set(kv.Key, kv);
                if (keys.PresentOf(kv.Key) is { } member) stay.Add(member);
            }
            foreach (var member in _present.Keys.Where(member => !stay.Contains(member)).ToArray()) Gone(member);
            Set(keys.Handover, handover);
            Set(keys.Manifest, manifest);
            foreach (var kv in comers) Set(kv.Key, kv);
            _membership = Assemble();
        }
    }

    /// <summary>One of them was written or, with null, deleted.</summary>
    internal void Take(Google.Protobuf.ByteString key, KeyValue? kv)
    {
        lock (_gate)
        {
            Set(key, kv);
            if (keys.MemberOf(key) is not null) _membership = Assemble();
        }
    }

    /// <summary>
    /// What is known of the others; without a sign of life somebody is silent since that went, or since this replica looks.
    /// </summary>
    internal IReadOnlyList<MemberProgress> ProgressOf(MemberId self, ulong applied)
    {
        lock (_gate)
        {
            var all = new List<MemberProgress>();
            foreach (var member in (_membership ?? founders).Voters)
            {
                if (member == self) all.Add(new MemberProgress(member, applied, TimeSpan.Zero, Voter: true));
                else if (!_present.TryGetValue(member, out var presence))
                    all.Add(new MemberProgress(member, 0, TimeSpan.MaxValue, Voter: true));
                else
                {
                    var silent = presence.GoneAt is { } gone ? TimeSpan.FromMilliseconds(Environment.TickCount64 - gone) : TimeSpan.Zero;
                    all.Add(new MemberProgress(member, presence.Applied, silent, Voter: true));
                }
            }
            return all;
        }
    }

    private void Set(Google.Protobuf.ByteString key, KeyValue? kv)
    {
        if (keys.MemberOf(key) is { } member)
        {
            if (kv is null) _members.Remove(member);
            else _members[member] = AddressValue.Decode(member, kv.Value);
        }
        else if (keys.PresentOf(key) is { } present)
        {
            if (kv is null) Gone(present);
            else _present[present] = (HeadValue.Decode(kv.Value).Index, null);
        }
        else if (keys.ComerOf(key) is { } comer)
        {
            if (kv is null) _comers.Remove(comer);
            else _comers.Add(comer);
        }
        else if (key == keys.Handover) _handover = kv is null ? MemberId.None : LeaderValue.Decode(kv.Value).Member;
        else if (key == keys.Manifest) _manifest = SnapshotManifest.Decode(kv?.Value);
    }

    private void Gone(MemberId member)
    {
        if (_present.TryGetValue(member, out var presence) && presence.GoneAt is null)
            _present[member] = presence with { GoneAt = Environment.TickCount64 };
    }

    private Membership Assemble()
    {
        var voters = new SortedSet<MemberId>(founders.Voters);
        voters.UnionWith(_members.Keys);
        var addresses = new SortedDictionary<MemberId, MemberAddress>();
        foreach (var address in founded)
            if (voters.Contains(address.Member)) addresses[address.Member] = address;
        foreach (var (member, address) in _members) addresses[member] = address;
        return Membership.Of([.. voters]) with { Addresses = [.. addresses.Values] };
    }
}
