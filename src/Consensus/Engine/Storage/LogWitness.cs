namespace VideoScale.Consensus.Engine.Storage;

/// <summary>What else in a directory says that its log held more than it does.</summary>
/// <param name="LastIndex">Something derived from the log reaches this entry, hence so did the log.</param>
/// <param name="TookPart">The replica was a member of a cluster that ran.</param>
public sealed record LogWitness(ulong LastIndex, bool TookPart)
{
    public static LogWitness None { get; } = new(0, TookPart: false);
}
