namespace VideoScale.Consensus.Core;

/// <summary>What must survive a crash beside the entries: one durable vote per term.</summary>
public readonly record struct HardState(ulong Term, MemberId Vote, ulong Commit);
