namespace VideoScale.Consensus.InMemory;

public enum MemoryEntryKind : byte { Command, Noop, Membership }

/// <summary>One entry of the log in memory.</summary>
public readonly record struct MemoryEntry(ulong Index, ulong Term, MemoryEntryKind Kind, ProposalId Id, ReadOnlyMemory<byte> Payload);
