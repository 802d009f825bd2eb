using VideoScale.Model;

namespace VideoScale.MediaNode.Ownership;

/// <summary>Reports that are not in the log yet, in order. Kept across streams, each of which numbers them anew from 1.</summary>
internal sealed class ReportQueue
{
    private readonly HashSet<Report> _pending = [];
    private Queue<Report> _sent = new();
    private Queue<Report> _unsent = new();
    private ulong _lastSent;

    internal int Count => _pending.Count;

    /// <summary>A report that is still pending is not repeated.</summary>
    internal void Add(Report report)
    {
        if (_pending.Add(report)) _unsent.Enqueue(report);
    }

    internal bool Holds(Report report) => _pending.Contains(report);

    /// <summary>A new stream: everything unacknowledged is sent again.</summary>
    internal void Restart()
    {
        _lastSent = 0;
        if (_sent.Count == 0) return;
        foreach (var report in _unsent) _sent.Enqueue(report);
        (_sent, _unsent) = (_unsent, _sent);
        _sent.Clear();
    }

    /// <summary>Forgets what is in the log.</summary>
    internal void Done(ulong upTo)
    {
        while (_sent.Count > 0 && _lastSent - (ulong)_sent.Count < upTo) _pending.Remove(_sent.Dequeue());
    }

    /// <summary>What this stream has not carried yet.</summary>
    internal void Take(List<NumberedReport> into)
    {
        while (_unsent.TryDequeue(out var report))
        {
            _sent.Enqueue(report);
            into.Add(new NumberedReport(++_lastSent, report));
        }
    }

    internal void Clear()
    {
        _pending.Clear();
        _sent.Clear();
        _unsent.Clear();
        _lastSent = 0;
    }
}
