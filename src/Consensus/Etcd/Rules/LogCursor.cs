namespace VideoScale.Consensus.Etcd.Rules;

internal enum Arrival : byte { InOrder = 1, Known, Ahead }

/// <summary>
/// Where in the log a replica is: entries come from watches, reads and its own appends, and each is taken once, in order.
/// </summary>
internal sealed class LogCursor(ulong next)
{
    internal ulong Next { get; private set; } = next;

    /// <returns>Whether this entry is the next one; then it is taken. <see cref="Arrival.Ahead"/>: read those before it first.</returns>
    internal Arrival Offer(ulong index)
    {
        if (index < Next) return Arrival.Known;
        if (index > Next) return Arrival.Ahead;
        Next++;
        return Arrival.InOrder;
    }

    /// <summary>A snapshot stands in for all up to its index.</summary>
    internal void Skip(ulong snapshotIndex) => Next = Math.Max(Next, snapshotIndex + 1);
}
