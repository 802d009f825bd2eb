using VideoScale.ControlPlane.Audit;
using VideoScale.ControlPlane.Host.EventLog;

namespace VideoScale.ControlPlane.Host.Subscriptions;

/// <summary>
/// Gathers events so that those of one log entry stay together: whoever reads what is written sees a command's events or none.
/// </summary>
/// <param name="mostEvents">A batch ends with the first entry that reaches it.</param>
/// <param name="isWhole">Whether all events of the entry with this log index can be read.</param>
internal sealed class WholeEntries(int mostEvents, Func<ulong, bool> isWhole)
{
    private readonly List<EventEnvelope> _held = [];

    /// <summary>Events are held whose entry may go on.</summary>
    internal bool IsHolding => _held.Count > 0;

    /// <returns>None when no whole entry is there yet.</returns>
    internal IReadOnlyList<EventEnvelope> Take(EventCursor cursor, EventLogReader log)
    {
        while (cursor.MoveNext())
        {
            _held.Add(cursor.View.ToEnvelope(cursor.Chain));
            if (_held.Count > mostEvents && _held[^1].RaftIndex != _held[^2].RaftIndex) return Cut(_held.Count - 1);
        }
        if (_held.Count == 0) return [];
        var last = _held[^1].RaftIndex;
        return Cut(isWhole(last) && cursor.Seq == log.LastSeq ? _held.Count : _held.FindIndex(e => e.RaftIndex == last));
    }

    private EventEnvelope[] Cut(int count)
    {
        var taken = _held.GetRange(0, count).ToArray();
        _held.RemoveRange(0, count);
        return taken;
    }
}
