namespace VideoScale.Consensus.DotNext.Cluster;

/// <summary>Elections and replication between the founding members.</summary>
internal interface IMembers : IAsyncDisposable
{
    /// <summary>The term in which this replica leads and has committed an entry; 0 while it does not.</summary>
    long LeadingTerm { get; }

    MemberId LeaderId { get; }

    /// <summary>Of the others; how far they are is known to the leader alone.</summary>
    IEnumerable<MemberProgress> Others { get; }

    Task BeginAsync(CancellationToken cancellationToken);

    /// <summary>Tells who leads, from now on; ends with a fault that DotNext keeps to itself.</summary>
    Task FollowLeadershipAsync(Action<RoleChange> changed, CancellationToken cancellationToken);

    /// <summary>What was appended goes out at once, not with the next heartbeat.</summary>
    void Replicate();

    /// <summary>What a linearizable read has to wait for.</summary>
    /// <returns>Null when there is no leader, or one without a majority.</returns>
    Task<long?> FindReadIndexAsync(CancellationToken cancellationToken);

    /// <summary>Leads no more, and stands aside until another one does; whom the others elect is theirs.</summary>
    /// <exception cref="TimeoutException">None was elected in time: this replica may lead again.</exception>
    Task HandOverAsync(CancellationToken cancellationToken);

    /// <summary>Says nothing more to anybody: this replica's word counts for nothing.</summary>
    void Silence();
}
