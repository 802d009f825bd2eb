using System.Threading.Channels;
using VideoScale.ControlPlane.Host.StateMachine;
using VideoScale.ControlPlane.State;

namespace VideoScale.ControlPlane.Host.Dashboard;

/// <summary>One event in words.</summary>
internal sealed record TickerLine(ulong Seq, long AtMs, string Words);

/// <summary>The events as they are applied here, for open pages; a page that does not read loses the oldest.</summary>
internal sealed class EventTicker : IStateListener
{
    private const int Kept = 50;
    private const int MostPages = 200;
    private readonly Lock _gate = new();
    private readonly Queue<TickerLine> _last = new();
    private readonly List<Channel<TickerLine>> _pages = [];

    public void OnApplied(ulong appliedIndex, IReadOnlyList<AppliedEvent> events, ClusterState state)
    {
        if (events.Count == 0) return;
        lock (_gate)
        {
            // Of a burst only what a page can show is put into words: this runs on the apply thread.
            for (var i = Math.Max(0, events.Count - Kept); i < events.Count; i++)
            {
                var line = new TickerLine(events[i].Context.Seq, events[i].Context.Time.UnixMs, events[i].Event.Words);
                _last.Enqueue(line);
                if (_last.Count > Kept) _last.Dequeue();
                foreach (var page in _pages) page.Writer.TryWrite(line);
            }
        }
    }

    public void OnRestored(ulong appliedIndex, ClusterState state) { }

    /// <returns>Null when too many pages are open.</returns>
    internal Channel<TickerLine>? Open()
    {
        var page = Channel.CreateBounded<TickerLine>(new BoundedChannelOptions(4 * Kept) { FullMode = BoundedChannelFullMode.DropOldest, SingleReader = true });
        lock (_gate)
        {
            if (_pages.Count >= MostPages) return null;
            foreach (var line in _last) page.Writer.TryWrite(line);
            _pages.Add(page);
        }
        return page;
    }

    internal void Close(Channel<TickerLine> page)
    {
        lock (_gate) _pages.Remove(page);
    }
}
