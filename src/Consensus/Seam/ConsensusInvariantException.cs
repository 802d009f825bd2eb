namespace VideoScale.Consensus;

/// <summary>A rule of the consensus protocol was about to be broken. Never caught to go on.</summary>
public sealed class ConsensusInvariantException(string claim) : Exception("consensus invariant broken: " + claim);
