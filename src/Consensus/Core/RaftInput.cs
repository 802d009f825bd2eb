namespace VideoScale.Consensus.Core;

public enum RaftInputKind : byte
{
    Tick = 1, Message, Propose, Read, Stored, SnapshotCreated, SnapshotReceived, SnapshotSent, Disconnected, Transfer, ChangeMembership,
    Compact,
    Abstain, SetBack, StandAside,
}

/// <summary>A command to be replicated.</summary>
public readonly record struct Proposal(ProposalId Id, ReadOnlyMemory<byte> Payload);

/// <summary>Whatever can happen to a replica. Borrowed for one step.</summary>
public readonly ref struct RaftInput
{
    public RaftInputKind Kind { get; private init; }
    public Message Message { get; private init; }
    public ReadOnlySpan<Proposal> Proposals { get; private init; }
    public MemberId Member { get; private init; }
    public SnapshotMeta? Snapshot { get; private init; }
    public Membership? Membership { get; private init; }
    public ulong Token { get; private init; }
    public ulong Term { get; private init; }
    public ulong Index { get; private init; }
    public bool Ok { get; private init; }

    public static RaftInput Tick() => new() { Kind = RaftInputKind.Tick };

    public static RaftInput Received(in Message message) => new() { Kind = RaftInputKind.Message, Message = message };

    public static RaftInput Propose(ReadOnlySpan<Proposal> proposals) => new() { Kind = RaftInputKind.Propose, Proposals = proposals };

    /// <param name="context">Names the request in <see cref="Effects.Reads"/>; never the same twice, over restarts too.</param>
    public static RaftInput Read(ulong context) => new() { Kind = RaftInputKind.Read, Token = context };

    /// <summary>A write is durable, and all before it; the figures are those of <see cref="Effects.Write"/>.</summary>
    public static RaftInput Stored(ulong token, ulong term, ulong lastIndex) =>
        new() { Kind = RaftInputKind.Stored, Token = token, Term = term, Index = lastIndex };

    /// <summary>A snapshot of what was applied here is durable.</summary>
    public static RaftInput SnapshotCreated(SnapshotMeta meta) => new() { Kind = RaftInputKind.SnapshotCreated, Snapshot = meta };

    /// <summary>A leader's snapshot is durable here.</summary>
    public static RaftInput SnapshotReceived(MemberId leader, ulong term, SnapshotMeta meta) =>
        new() { Kind = RaftInputKind.SnapshotReceived, Member = leader, Term = term, Snapshot = meta };

    public static RaftInput SnapshotSent(MemberId to, ulong index, bool ok) => new()
    {
        Kind = RaftInputKind.SnapshotSent,
        Member = to,
        Index = index,
        Ok = ok,
    };

    /// <param name="canServe">Whether this replica has applied about all that is committed, so that it could lead at once.</param>
    public static RaftInput Disconnected(MemberId member, bool canServe = true) => new()
    {
        Kind = RaftInputKind.Disconnected,
        Member = member,
        Ok = canServe,
    };

    /// <param name="to">None: whoever is furthest.</param>
    public static RaftInput Transfer(MemberId to) => new() { Kind = RaftInputKind.Transfer, Member = to };

    /// <param name="target">Voters and learners to go to; the core finds the joint step itself.</param>
    public static RaftInput ChangeMembership(Membership target) => new() { Kind = RaftInputKind.ChangeMembership, Membership = target };

    /// <summary>
    /// From now on neither vote nor lead: this replica's state is not the majority's. Its log is sound, so it goes on keeping it.
    /// </summary>
    public static RaftInput Abstain() => new() { Kind = RaftInputKind.Abstain };

    /// <summary>
    /// A member remembers a later or another start of this replica than this one: what was acknowledged in it is not here.
    /// </summary>
    /// <param name="remembered">The start that it remembers.</param>
    /// <param name="start">This process's.</param>
    public static RaftInput SetBack(MemberId by, ulong remembered, ulong start) =>
        new() { Kind = RaftInputKind.SetBack, Member = by, Index = remembered, Token = start };

    /// <summary>Another process has this replica's identity, or has it no more: only one of them may decide.</summary>
    public static RaftInput StandAside(bool aside) => new() { Kind = RaftInputKind.StandAside, Ok = aside };

    /// <summary>Entries up to the index are in a snapshot and not needed here any more.</summary>
    public static RaftInput Compact(ulong index) => new() { Kind = RaftInputKind.Compact, Index = index };
}
