using VideoScale.Consensus;
using VideoScale.Consensus.Core;
using VideoScale.Simulation.Seams;
using VideoScale.Simulation.World;

namespace VideoScale.Simulation.Checkers;

/// <summary>Watches all replicas from outside and fails the run at the first broken promise of consensus.</summary>
internal sealed class ConsensusChecker(Simulated world)
{
    private const ulong HashEvery = 16;
    private readonly Dictionary<ulong, MemberId> _leaders = [];
    private readonly Dictionary<ulong, long> _electedUs = [];
    private readonly Dictionary<(ulong Index, ulong Term), (ulong What, long AtUs)> _written = [];
    private readonly HashSet<ulong> _configured = [0];
    private readonly List<ulong> _chain = [0];
    private readonly List<ulong> _terms = [0];
    private readonly Dictionary<ulong, (ulong Hash, MemberId Of)> _hashes = [];
    private readonly Dictionary<(MemberId Candidate, ulong Term), List<MemberValue>> _preVotes = [];
    private readonly Dictionary<(MemberId Leader, MemberId Follower), long> _heardUs = [];
    private readonly Dictionary<MemberId, (ulong Term, long SinceUs)> _leadsSince = [];
    private readonly Dictionary<MemberId, (ulong Index, long SinceUs)> _memberships = [];
    private ulong _joinedBy;

    /// <summary>Nothing that starts now may see less than this: the highest index that was acknowledged or read.</summary>
    public ulong Floor { get; private set; }

    private static ulong HashOf(in Entry entry)
    {
        var hash = entry.Term * 31 + (ulong)entry.Kind;
        foreach (var b in entry.Payload.Span) hash = unchecked((hash ^ b) * 0x100000001B3);
        return hash;
    }

    private Replica[] Replicas => world.Replicas;

    private IEnumerable<(MemberId Member, ReplicaDisk Disk)> Disks() =>
        world.Replicas.Select(replica => (replica.Id, replica.Disk)).Concat(world.Gone);

    public void Leads(Replica leader)
    {
        var (core, term) = (leader.Core!, leader.Core!.Term);
        _leadsSince[leader.Id] = (term, world.NowUs);
        Marks.Hit(Mark.Elected);
        if (_leaders.TryGetValue(term, out var known) && known != leader.Id)
            throw new Violation("one-leader", $"two leaders in term {term}: {known} and {leader.Id}");
        _leaders[term] = leader.Id;
        _electedUs.TryAdd(term, world.NowUs);
        var votes = new List<MemberValue>();
        foreach (var (member, disk) in Disks())
            votes.Add(new MemberValue(member, disk.HardState.Term > term
                || (disk.HardState.Term == term && disk.HardState.Vote == leader.Id) ? 1UL : 0));
        if (!HasMajority(core.Membership, System.Runtime.InteropServices.CollectionsMarshal.AsSpan(votes)))
            throw new Violation("durable-votes", $"{leader.Id} leads term {term} without the durable votes of a majority");
        var last = core.Log.LastIndex - 1;
        var committed = _chain.Count - 1;
        while (committed > 0 && _terms[committed] >= term) committed--; // a late winner of an old term owes nothing to later ones
        if ((ulong)committed > last)
            throw new Violation("leader-completeness",
                $"{leader.Id} leads term {term} with entries up to {last}, but {committed} of term {_terms[committed]} was applied");
    }

    /// <summary>When a later term than this had its first leader; null while none has.</summary>
    public long? FirstElectedAboveUs(ulong term)
    {
        long? first = null;
        foreach (var (later, atUs) in _electedUs)
            if (later > term && (first is null || atUs < first)) first = atUs;
        return first;
    }

    /// <summary>Majorities as they must be counted; the core's own counting is under test.</summary>
    private static bool HasMajority(Membership membership, ReadOnlySpan<MemberValue> yes) =>
        HasMajority(membership.Voters, yes) && (!membership.IsJoint || HasMajority(membership.OutgoingVoters, yes));

    private static bool HasMajority(System.Collections.Immutable.ImmutableArray<MemberId> voters, ReadOnlySpan<MemberValue> yes)
    {
        var count = 0;
        foreach (var voter in voters)
            foreach (var one in yes)
                if (one.Member == voter && one.Value != 0) { count++; break; }
        return count > voters.Length / 2;
    }

    public void Wrote(in Entry entry, ulong previousTerm, Replica by)
    {
        var what = unchecked(HashOf(entry) * 31 + previousTerm);
        var isNew = _written.TryAdd((entry.Index, entry.Term), (what, world.NowUs));
        if (!isNew && _written[(entry.Index, entry.Term)].What != what)
            throw new Violation("log-matching", $"two different entries at {entry.Index} of term {entry.Term}");
        if (entry.Kind != EntryKind.Configuration) return;
        _configured.Add(entry.Index);
        if (isNew) MembershipRules.Follows(by, entry);
    }

    /// <summary>When an entry came to be, at whoever proposed it.</summary>
    public long WrittenAtUs(ulong index, ulong term) => _written.TryGetValue((index, term), out var entry) ? entry.AtUs : 0;

    /// <returns>The chain with this entry.</returns>
    public ulong Applied(in Entry entry, ulong chain)
    {
        var next = unchecked((chain ^ HashOf(entry)) * 0x9FB21C651E98DF25);
        var index = (int)entry.Index;
        if (index == _chain.Count)
        {
            _chain.Add(next);
            _terms.Add(entry.Term);
        }
        else if (_chain[index] != next) throw new Violation("state-machine-safety", $"index {index} was applied as two different entries");
        if (entry.Kind == EntryKind.Configuration) NoteConfiguration(entry);
        return next;
    }

    private void NoteConfiguration(in Entry entry)
    {
        if (MembershipCodec.Decode(entry.Payload.Span).IsJoint)
        {
            Marks.Hit(Mark.JointEntered);
            _joinedBy = entry.Term;
        }
        else if (_joinedBy != 0)
        {
            Marks.Hit(Mark.JointLeft);
            if (_joinedBy != entry.Term) Marks.Hit(Mark.JointLeftByAnotherLeader);
            _joinedBy = 0;
        }
    }

    public void Restored(Replica replica)
    {
        if (replica.Applied >= (ulong)_chain.Count || _chain[(int)replica.Applied] != replica.Chain)
            throw new Violation("state-machine-safety", $"{replica.Id} was restored at {replica.Applied} to what nobody applied");
        Hashed(replica, always: true);
    }

    public void Hashed(Replica replica, bool always = false)
    {
        if (!always && replica.Applied % HashEvery != 0 && !world.IsQuiet) return;
        var hash = replica.Machine.Hash();
        if (!_hashes.TryAdd(replica.Applied, (hash, replica.Id)) && _hashes[replica.Applied].Hash != hash)
            throw new Violation("equal-states",
                $"{replica.Id} and {_hashes[replica.Applied].Of} have different states at index {replica.Applied}");
    }

    /// <summary>A leader says that an entry is committed: a majority must have it on disk, now.</summary>
    public void Committed(Replica leader, ulong index)
    {
        var core = leader.Core!;
        var term = core.Log.TermAt(index);
        if (term != core.Term)
            throw new Violation("commit-own-term", $"{leader.Id} leads term {core.Term} and committed an entry of term {term} by counting");
        Span<MemberValue> holders = stackalloc MemberValue[world.Replicas.Length + world.Gone.Count];
        var i = 0;
        foreach (var replica in Replicas) holders[i++] = new MemberValue(replica.Id, replica.Disk.Holds(index, term) ? 1UL : 0);
        foreach (var (member, disk) in world.Gone) holders[i++] = new MemberValue(member, disk.Holds(index, term) ? 1UL : 0);
        if (!HasMajority(core.Membership, holders))
            throw new Violation("durable-commit", $"index {index} of term {term} was committed without a durable majority");
    }

    /// <summary>A follower takes for committed what it knows to be in its leader's log as well, and no more of its own.</summary>
    public static void Follows(Replica follower)
    {
        var core = follower.Core!;
        if (core.CommitIndex > core.Matched)
            throw new Violation("commit-within-match",
                $"{follower.Id} took entry {core.CommitIndex} for committed, and knows its log to be its leader's up to {core.Matched}");
    }

    /// <summary>What a message vouches for is on the sender's disk when it leaves.</summary>
    public void Vouches(in Message message, Replica sender)
    {
        var disk = sender.Disk;
        if (message.Kind is MessageKind.Greet or MessageKind.GreetReply) return; // says nothing of log or term
        if (disk.IsLost && Counts(message))
            throw new Violation("lost-log-silent",
                $"{sender.Id} said {message.Kind} to {message.To}, although its log was lost and no leader has confirmed that all is "
                + $"there again");
        if (message.Kind != MessageKind.PreVoteReply && message.Kind != MessageKind.PreVote && disk.HardState.Term < message.Term)
            throw new Violation("durable-before-sent", $"{sender.Id} spoke in term {message.Term} with {disk.HardState.Term} on disk");
        if (message is { Kind: MessageKind.VoteReply, Reject: false } && disk.HardState.Vote != message.To)
            throw new Violation("durable-before-sent", $"{sender.Id} gave {message.To} a vote that is not on its disk");
        if (message is not { Kind: MessageKind.AppendReply, Reject: false }) return;
        var log = sender.Core!.Log;
        if (message.Index > log.LastIndex || (log.BaseIndex <= message.Index && !disk.Holds(message.Index, log.TermAt(message.Index))))
            throw new Violation("durable-before-sent", $"{sender.Id} acknowledged {message.Index}, which is not on its disk");
    }

    /// <summary>Whether somebody may count what a member says: a vote, an acknowledgement, a claim to lead.</summary>
    private static bool Counts(in Message message) => message.Kind switch
    {
        MessageKind.PreVoteReply or MessageKind.VoteReply => !message.Reject,
        MessageKind.AppendReply => !message.Reject && message.RepairNonce == 0,
        MessageKind.HeartbeatReply => message.RepairNonce == 0,
        MessageKind.ReadIndex => false,
        _ => true,
    };

    /// <summary>What a replica meets only where somebody's loss went unnoticed.</summary>
    public static void TakesPart(Replica replica, string? trouble)
    {
        if (trouble is not null) throw new Violation("loss-noticed", $"{replica.Id}: {trouble}");
    }

    public void Delivered(Replica target, in Message message)
    {
        if (message is { Kind: MessageKind.PreVoteReply, Reject: false })
        {
            if (!_preVotes.TryGetValue((target.Id, message.Term), out var votes)) _preVotes[(target.Id, message.Term)] = votes = [];
            votes.Add(new MemberValue(message.From, 1));
        }
        else if (target.IsLeader && message.Kind is MessageKind.AppendReply or MessageKind.HeartbeatReply)
            _heardUs[(target.Id, message.From)] = world.NowUs;
    }

    /// <summary>
    /// Whoever raises the term of its own accord has asked a majority before: else one that was cut off deposes a good leader.
    /// </summary>
    public void Campaigned(Replica candidate, in RaftInput input, ulong before)
    {
        if (input is { Kind: RaftInputKind.Message, Message.Kind: MessageKind.TimeoutNow })
        {
            Marks.Hit(Mark.CampaignedOnTransfer);
            return;
        }
        if (candidate.Core!.Term != before + 1) return;
        var votes = _preVotes.GetValueOrDefault((candidate.Id, before + 1)) ?? [];
        votes.Add(new MemberValue(candidate.Id, 1));
        if (!HasMajority(candidate.Core.Membership, System.Runtime.InteropServices.CollectionsMarshal.AsSpan(votes)))
            throw new Violation("pre-vote", $"{candidate.Id} began term {before + 1} without having asked a majority");
        _preVotes.Remove((candidate.Id, before + 1));
    }

    /// <summary>A leader that no majority answers steps down in time.</summary>
    public void Ticked(Replica replica)
    {
        if (replica.Core is not { Role: RaftRole.Leader } core) return;
        if (!_configured.Contains(core.MembershipIndex))
            throw new Violation("config-index",
                $"{replica.Id} takes {core.MembershipIndex} for the index of its membership, and no membership stands there");
        var (term, since) = _leadsSince[replica.Id];
        var withinUs = 50_000L * 13 / 10 * (2 * world.Plan.ElectionTicks + 2);
        if (!_memberships.TryGetValue(replica.Id, out var known) || known.Index != core.MembershipIndex)
            _memberships[replica.Id] = (core.MembershipIndex, world.NowUs);
        var settled = Math.Max(Math.Max(since, replica.PausedUntilUs), _memberships[replica.Id].SinceUs);
        if (term != core.Term || world.NowUs - settled < withinUs) return;
        var heard = new List<MemberValue> { new(replica.Id, 1) };
        foreach (var voter in core.Membership.Voters.Concat(core.Membership.OutgoingVoters))
            if (_heardUs.TryGetValue((replica.Id, voter), out var at) && at > world.NowUs - withinUs) heard.Add(new MemberValue(voter, 1));
        if (!HasMajority(core.Membership, System.Runtime.InteropServices.CollectionsMarshal.AsSpan(heard)))
            throw new Violation("check-quorum",
                $"{replica.Id} still leads term {core.Term}, but no majority has answered for {withinUs / 1000} ms");
    }

    /// <summary>A leader answers a proposer: what it answers for is committed, hence applied here or elsewhere.</summary>
    public void Answered(ulong index)
    {
        if (index >= (ulong)_chain.Count) throw new Violation("acknowledged", $"index {index} was answered before anybody applied it");
    }

    public void Acknowledged(ulong index) => Floor = Math.Max(Floor, index);

    public void ReadAnswered(ulong index, ulong floorAtStart)
    {
        if (index < floorAtStart)
            throw new Violation("linearizable-reads", $"a read saw {index}, but {floorAtStart} was acknowledged before it began");
        Floor = Math.Max(Floor, index);
    }
}
