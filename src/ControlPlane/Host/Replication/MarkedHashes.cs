using VideoScale.ControlPlane.Audit;
using VideoScale.ControlPlane.Host.EventLog;

namespace VideoScale.ControlPlane.Host.Replication;

/// <summary>What this replica's state hashed to at a checkpoint mark.</summary>
/// <param name="Index">Log index of the mark.</param>
public sealed record MarkedHash(ulong Index, UInt128 StateHash, ulong EventSeq, Hash256 ChainHead, Hash256 MerkleRoot)
{
    internal static MarkedHash Of(ulong index, UInt128 stateHash, EventLogHead head) =>
        new(index, stateHash, head.EventSeq, head.ChainHead, head.MerkleRoot);
}

/// <summary>
/// The last few marks, for the report to the leader and for the comparison with the majority. Apply thread, read from any.
/// </summary>
public sealed class MarkedHashes
{
    // A checkpoint follows its mark within a round or two; whoever is further behind compares at the next one.
    private const int Kept = 64;
    private readonly Lock _gate = new();
    private readonly Queue<MarkedHash> _marks = new();

    internal void Add(MarkedHash mark)
    {
        lock (_gate)
        {
            _marks.Enqueue(mark);
            if (_marks.Count > Kept) _marks.Dequeue();
        }
    }

    public MarkedHash? Find(ulong index)
    {
        lock (_gate) return _marks.FirstOrDefault(mark => mark.Index == index);
    }

    public MarkedHash? Last
    {
        get { lock (_gate) return _marks.LastOrDefault(); }
    }

    internal void Clear()
    {
        lock (_gate) _marks.Clear();
    }
}
