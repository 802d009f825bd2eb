using System.Diagnostics.CodeAnalysis;

namespace VideoScale.Consensus.Core;

/// <summary>What must hold, in every build: a violation is our own bug and ends the replica.</summary>
internal static class Invariant
{
    public static void Require([DoesNotReturnIf(false)] bool holds, string claim)
    {
        if (!holds) Fail(claim);
    }

    [DoesNotReturn]
    private static void Fail(string claim) => throw new ConsensusInvariantException(claim);
}
