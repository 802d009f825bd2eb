using VideoScale.Consensus.Etcd.Layout;

namespace VideoScale.Consensus.Etcd.Driver;

/// <summary>
/// Who leads, as this replica knows it. Sightings of the leader's key come from watches and transactions in any order; the one of the
/// highest revision counts.
/// </summary>
internal sealed class Standing(LeaderValue self, RoleFeed roles)
{
    private readonly Lock _gate = new();
    private LeaderSeen? _seen;
    private long _asOf;
    private long? _vacantSince = Environment.TickCount64;
    private RoleChange _role = new(ReplicaRole.Follower, 0, MemberId.None);
    private bool _anythingSeen;

    /// <summary>Called, outside of all locks, when a term that this replica led is over.</summary>
    internal Action<ulong>? TermEnded { get; set; }

    /// <summary>Called when something may be decided anew.</summary>
    internal Action? Changed { get; set; }

    internal RoleChange Role { get { lock (_gate) return _role; } }

    internal LeaderSeen? Seen { get { lock (_gate) return _seen; } }

    /// <summary>This very process holds the leader's key.</summary>
    internal bool IsOurs(LeaderSeen seen) => seen.Value == self;

    internal TimeSpan? VacantFor
    {
        get
        {
            lock (_gate)
                return _anythingSeen && _vacantSince is { } since ? TimeSpan.FromMilliseconds(Environment.TickCount64 - since) : null;
        }
    }

    /// <param name="revision">The one at which it was so.</param>
    internal void Observe(LeaderSeen? seen, long revision)
    {
        ulong ended = 0;
        lock (_gate)
        {
            if (revision < _asOf) return;
            _asOf = revision;
            _anythingSeen = true;
            _seen = seen;
            _vacantSince = seen is null ? _vacantSince ?? Environment.TickCount64 : null;
            if (_role.Role == ReplicaRole.Leader && seen?.Term == _role.Term) return;
            if (_role.Role == ReplicaRole.Leader) ended = _role.Term;
            Publish(seen is not { } leader ? _role with { Role = ReplicaRole.Follower, Leader = MemberId.None }
                : IsOurs(leader) ? new RoleChange(ReplicaRole.Candidate, leader.Term, MemberId.None)
                : new RoleChange(ReplicaRole.Follower, leader.Term, leader.Value.Member));
        }
        if (ended != 0) TermEnded?.Invoke(ended);
        Changed?.Invoke();
    }

    /// <summary>This replica has appended in its term.</summary>
    internal void Lead(ulong term)
    {
        lock (_gate)
        {
            if (_seen is { } seen && seen.Term == term && IsOurs(seen)) Publish(new RoleChange(ReplicaRole.Leader, term, self.Member));
        }
    }

    /// <summary>This replica leads no more, whatever etcd says of it.</summary>
    /// <returns>The term that it led, or 0.</returns>
    internal ulong StepDown()
    {
        ulong ended;
        lock (_gate)
        {
            ended = _role.Role == ReplicaRole.Leader ? _role.Term : 0;
            if (ended != 0) Publish(_role with { Role = ReplicaRole.Follower, Leader = MemberId.None });
        }
        if (ended != 0) TermEnded?.Invoke(ended);
        return ended;
    }

    private void Publish(RoleChange role)
    {
        if (role == _role) return;
        _role = role;
        roles.Publish(role);
    }
}
