using VideoScale.Consensus;
using VideoScale.Consensus.Core;

namespace VideoScale.Simulation.World;

/// <summary>The replicated state machine of one replica.</summary>
internal interface IMachine
{
    /// <returns>What the proposer gets.</returns>
    object? Apply(in Entry entry);

    /// <summary>After a run of entries was applied.</summary>
    void EndOfRun(ulong appliedIndex);

    object Capture();
    void Restore(object state, ulong index);

    /// <summary>Equal at equal indexes, or replicas have diverged.</summary>
    ulong Hash();
}

/// <summary>A captured state that is written out later than it was captured.</summary>
internal interface IDeferred
{
    void Finish();
}
