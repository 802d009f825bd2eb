using VideoScale.ControlPlane.Requests;

namespace VideoScale.ControlPlane.Host.Replication;

/// <summary>
/// Who takes how much of the kept answers: counted as answers are stored, given back when they are dropped. Each replica counts what it
/// applies itself, answers of a snapshot are nobody's: it guides the leader's door, no decision of the state machine.
/// </summary>
/// <remarks>The apply thread writes, any thread reads.</remarks>
public sealed class AnswerUsage
{
    private const long MinuteMs = 60_000;
    private readonly Lock _gate = new();
    private readonly Dictionary<string, int> _bySubject = new(StringComparer.Ordinal);
    private readonly Queue<(long Minute, Dictionary<string, int> Counts)> _minutes = new();
    private Dictionary<string, int>? _latest;
    private long _latestMinute;

    public int Of(string subject)
    {
        lock (_gate) return _bySubject.GetValueOrDefault(subject);
    }

    internal void Add(string subject, long nowMs)
    {
        lock (_gate)
        {
            var minute = nowMs / MinuteMs;
            if (_latest is null || minute != _latestMinute)
                _minutes.Enqueue((_latestMinute = minute, _latest = new(StringComparer.Ordinal)));
            _latest[subject] = _latest.GetValueOrDefault(subject) + 1;
            _bySubject[subject] = _bySubject.GetValueOrDefault(subject) + 1;
            while (_minutes.TryPeek(out var oldest) && (oldest.Minute + 1) * MinuteMs + RequestResults.KeepMs <= nowMs)
                GiveBack(_minutes.Dequeue().Counts);
        }
    }

    internal void Clear()
    {
        lock (_gate)
        {
            _bySubject.Clear();
            _minutes.Clear();
            _latest = null;
        }
    }

    private void GiveBack(Dictionary<string, int> counts)
    {
        foreach (var (subject, count) in counts)
            if ((_bySubject[subject] -= count) == 0) _bySubject.Remove(subject);
    }
}
