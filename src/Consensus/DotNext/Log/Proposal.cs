using VideoScale.Consensus.Apply;

namespace VideoScale.Consensus.DotNext.Log;

/// <summary>A command for the log, and who waits for it.</summary>
internal readonly record struct Proposal(byte[] Payload, PendingProposal Waiter);
