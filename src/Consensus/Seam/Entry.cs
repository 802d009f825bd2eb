namespace VideoScale.Consensus;

public enum EntryKind : byte
{
    /// <summary>Opaque bytes for the state machine.</summary>
    Command = 1,
    /// <summary>What a new leader commits first, so that a commit of its own term exists.</summary>
    Noop = 2,
    /// <summary>A membership; in force from when it is appended.</summary>
    Configuration = 3,
}

/// <summary>One log entry. The payload is borrowed from a buffer that lives until the log is compacted past the entry.</summary>
public readonly struct Entry(ulong index, ulong term, EntryKind kind, ProposalId id, ReadOnlyMemory<byte> payload)
{
    public ulong Index { get; } = index;
    public ulong Term { get; } = term;
    public EntryKind Kind { get; } = kind;
    public ProposalId Id { get; } = id;
    public ReadOnlyMemory<byte> Payload { get; } = payload;

    /// <summary>What it counts for in every bound: payload plus its record's overhead, about.</summary>
    public int CountedBytes => Payload.Length + 48;
}

/// <summary>What a snapshot covers. The configuration's own index is not the snapshot's.</summary>
public sealed record SnapshotMeta(ulong Index, ulong Term, Membership Membership, ulong MembershipIndex);
