namespace VideoScale.Consensus.InMemory;

/// <summary>What a test tells the log to do.</summary>
public sealed partial class InMemoryReplicatedLog
{
    /// <summary>Leads a new term; commits the no-op that opens it, as the engine does.</summary>
    public void BecomeLeader() => _queue.Run(() =>
    {
        _term++;
        _role = ReplicaRole.Leader;
        _leader = _self;
        Append(MemoryEntryKind.Noop, ProposalId.None, []);
        EndBatch();
        _roles.Publish(new RoleChange(_role, _term, _leader));
    });

    /// <summary>Stops leading; proposals are refused with <see cref="RejectReason.NotLeader"/> until <see cref="BecomeLeader"/>.</summary>
    public void LoseLeadership(MemberId newLeader = default) => _queue.Run(() => StepDown(newLeader));

    /// <summary>Proposals wait (their fate unknown when cancelled) and linearizable reads fail, until <see cref="RegainQuorum"/>.</summary>
    public void LoseQuorum() => _queue.Run(() => _quorum = false);

    public void RegainQuorum() => _queue.Run(() =>
    {
        _quorum = true;
        var held = _held.ToArray();
        _held.Clear();
        foreach (var waiter in held) waiter.Resume();
    });

    /// <summary>The next proposals meet these faults, one each, in order.</summary>
    public void Inject(params ReadOnlySpan<ProposalFault> faults)
    {
        var copy = faults.ToArray();
        _queue.Run(() => { foreach (var fault in copy) _faults.Enqueue(fault); });
    }

    /// <summary>The entries the log still holds.</summary>
    public IReadOnlyList<MemoryEntry> Entries()
    {
        MemoryEntry[] copy = [];
        _queue.Run(() => copy = [.. _entries]);
        return copy;
    }

    /// <summary>Goes on with a fresh state machine, restored from the latest snapshot and the log behind it, as after a restart.</summary>
    public void Restart(IReplicatedStateMachine fresh)
    {
        ArgumentNullException.ThrowIfNull(fresh);
        _queue.Run(() =>
        {
            _machine = fresh;
            if (_snapshot is { } snapshot) _machine.RestoreAsync(snapshot, CancellationToken.None).AsTask().GetAwaiter().GetResult();
            var throwaway = new SessionReplies(); // replies are known already; the fresh machine only has to catch up
            foreach (var entry in _entries)
            {
                if (entry.Kind == MemoryEntryKind.Command && entry.Index > (_snapshot?.Index ?? 0)) Apply(entry, throwaway);
            }
            EndBatch();
        });
    }

    private void StepDown(MemberId newLeader)
    {
        if (_role != ReplicaRole.Leader) return;
        _role = ReplicaRole.Follower;
        _leader = newLeader;
        if (!newLeader.IsNone) _term++;
        Repicture();
        _roles.Publish(new RoleChange(_role, _term, _leader));
    }

    private void Repicture()
    {
        var picture = Picture();
        lock (_statusGate) _status = picture;
    }

    private ReplicaStatus Picture() => new(_self, _role, _term, _leader, LastIndex, LastIndex, LastIndex, _firstIndex, LastIndex,
        _snapshot?.Index ?? 0, _membership, _membershipIndex,
            [new MemberProgress(_self, LastIndex, TimeSpan.Zero, _membership.IsVoter(_self))]);
}
