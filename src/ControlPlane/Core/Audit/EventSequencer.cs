using VideoScale.ControlPlane.Canonical;
using VideoScale.Model;

namespace VideoScale.ControlPlane.Audit;

/// <summary>
/// Gives events their numbers, ids and hashes. Deterministic: the same drafts in the same order give the same bytes on every replica.
/// Mutable, one caller.
/// </summary>
public sealed class EventSequencer : IDisposable
{
    private readonly UInt128 _clusterId;
    private readonly CanonicalWriter _record = new();
    private StreamVersions _streams = new();
    private Hash256 _chainHead;

    /// <param name="clusterId">Fixed when the cluster was made; part of every event's id.</param>
    public EventSequencer(UInt128 clusterId) => _clusterId = clusterId;

    /// <summary>event_seq of the last event; 0 before the first.</summary>
    public ulong LastSeq { get; private set; }
    public LogTime LastTime { get; private set; }
    public MerkleFrontier Frontier { get; private set; } = new();
    public ref readonly Hash256 ChainHead => ref _chainHead;

    /// <summary>The record of the last event, leaf prefix included; valid until the next one.</summary>
    public ReadOnlySpan<byte> LastRecord => _record.WrittenSpan;

    /// <summary>Gives the draft its place, encodes and hashes it. The time is clamped so that it never goes back.</summary>
    public SequencedEvent Next(in EventDraft draft)
    {
        LastTime = LogTime.Max(LastTime, draft.OccurredAt);
        LastSeq++;
        var place = new SequencedEvent(LastSeq, EventHashes.EventId(_clusterId, draft.RaftIndex, draft.OrdinalInEntry),
            _streams.Next(draft.Stream), LastTime);
        _record.Reset();
        EventRecord.Write(_record, draft, place);
        var leaf = EventHashes.Leaf(_record.WrittenSpan);
        _chainHead = EventHashes.Chain(_chainHead, leaf);
        Frontier.Append(leaf);
        return place;
    }

    /// <summary>The tail as of now, for a snapshot; quick.</summary>
    public EventTail Capture() => new(LastSeq, LastTime, _chainHead, Frontier.Clone(), _streams.Capture());

    /// <summary>Goes on from where a snapshot's tail stood.</summary>
    public void Restore(ref CanonicalReader tail) => (LastSeq, LastTime, _chainHead, Frontier, _streams) = EventTail.Read(ref tail);

    /// <summary>Back to before the first event.</summary>
    public void Clear()
    {
        LastSeq = 0;
        LastTime = default;
        _chainHead = default;
        Frontier = new();
        _streams = new();
    }
    public void Dispose() => _record.Dispose();
}
