using VideoScale.ControlPlane.Audit;
using VideoScale.ControlPlane.Canonical;
using VideoScale.Model;

namespace VideoScale.ControlPlane.Host.EventLog;

/// <summary>As the product's.</summary>
public readonly record struct EventLogHead(ulong EventSeq, Hash256 ChainHead, Hash256 MerkleRoot);

/// <summary>
/// Stands in for the event log's files: the real sequencer numbers and hashes, nothing is written; what was appended is shown to a checker.
/// </summary>
public sealed class EventLog : IDisposable
{
    private readonly EventSequencer _sequencer = new(42);

    /// <summary>Sees each event: its number, the chain with it, where it stands in the log, and the request that caused it.</summary>
    internal Action<ulong, Hash256, ulong, string>? Appended { get; set; }

    public ulong NextSeq => _sequencer.LastSeq + 1;
    public EventLogHead Head => new(_sequencer.LastSeq, _sequencer.ChainHead, _sequencer.Frontier.Root());
    public ulong DurableRaftIndex => ulong.MaxValue;
    internal Hash256 ChainHead => _sequencer.ChainHead;

    public EventId EventIdOf(ulong raftIndex, uint ordinal) => EventHashes.EventId(42, raftIndex, ordinal);

    public SequencedEvent Append(in EventDraft draft)
    {
        var place = _sequencer.Next(draft);
        Appended?.Invoke(place.EventSeq, _sequencer.ChainHead, draft.RaftIndex, draft.CommandId.IsEmpty ? "" : draft.CommandId.ToString());
        return place;
    }

    public void EndOfBatch(ulong appliedIndex) { }
    public EventTail Capture() => _sequencer.Capture();
    public void Restore(ref CanonicalReader tail, ulong raftIndex) => _sequencer.Restore(ref tail);
    public void RestoreEmpty() => _sequencer.Clear();
    public void Dispose() => _sequencer.Dispose();
}
