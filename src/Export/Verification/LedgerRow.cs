using VideoScale.ControlPlane.Audit;
using VideoScale.Export.Rows;

namespace VideoScale.Export.Verification;

/// <summary>A row of vs_ledger as it stands there.</summary>
internal sealed record LedgerRow(long RaftIndex, long RaftTerm, Hash256 Leaf, Hash256 Chain, byte[] Record)
{
    /// <returns>The first column that is not as expected; null when all are.</returns>
    internal string? FirstDifference(EventRow expected) =>
        RaftIndex != expected.RaftIndex ? "raft_index" : RaftTerm != expected.RaftTerm ? "raft_term"
        : Leaf != expected.Leaf ? "leaf" : Chain != expected.Chain ? "chain" : null;
}
