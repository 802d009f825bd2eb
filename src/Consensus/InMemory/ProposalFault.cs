namespace VideoScale.Consensus.InMemory;

/// <summary>What an <see cref="InMemoryReplicatedLog"/> does to the next proposal instead of committing and acknowledging it.</summary>
public enum ProposalFault : byte
{
    /// <summary>Commits and applies it, yet answers <see cref="Outcome.Unknown"/>: the acknowledgement was lost.</summary>
    UnknownButCommitted = 1,
    /// <summary>Answers <see cref="Outcome.Unknown"/> and never commits it: the proposal was lost.</summary>
    UnknownAndLost = 2,
    /// <summary>Answers <see cref="Outcome.Rejected"/> with <see cref="RejectReason.Overloaded"/>.</summary>
    Overloaded = 3,
    /// <summary>
    /// Loses leadership first, so the answer is <see cref="Outcome.Rejected"/> with <see cref="RejectReason.NotLeader"/>.
    /// </summary>
    LeadershipLost = 4,
}
