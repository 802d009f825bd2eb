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
    private readonly Queue<AppliedEvent> _last = new();
    private readonly List<Channel<AppliedEvent>> _pages = [];

    public void OnApplied(ulong appliedIndex, IReadOnlyList<AppliedEvent> events, ClusterState state)
    {
        if (events.Count == 0) return;
        lock (_gate)
        {
            // This runs on the apply thread: a page puts into words what it shows.
            for (var i = Math.Max(0, events.Count - Kept); i < events.Count; i++)
            {
                _last.Enqueue(events[i]);
                if (_last.Count > Kept) _last.Dequeue();
                foreach (var page in _pages) page.Writer.TryWrite(events[i]);
            }
        }
    }

    public void OnRestored(ulong appliedIndex, ClusterState state) { }

    internal static TickerLine Describe(in AppliedEvent applied) => new(applied.Context.Seq, applied.Context.Time.UnixMs, applied.Event.Words);

    /// <returns>Null when too many pages are open.</returns>
    internal Channel<AppliedEvent>? Open()
    {
        var page = Channel.CreateBounded<AppliedEvent>(new BoundedChannelOptions(4 * Kept) { FullMode = BoundedChannelFullMode.DropOldest, SingleReader = true });
        lock (_gate)
        {
            if (_pages.Count >= MostPages) return null;
            foreach (var applied in _last) page.Writer.TryWrite(applied);
            _pages.Add(page);
        }
        return page;
    }

    internal void Close(Channel<AppliedEvent> page)
    {
        lock (_gate) _pages.Remove(page);
    }
}
