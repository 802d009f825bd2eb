using System.Threading.Channels;
using VideoScale.ControlPlane.Audit;
using VideoScale.ControlPlane.Host.Audit;
using VideoScale.ControlPlane.Host.Subscriptions;

namespace VideoScale.ControlPlane.Host.Dashboard;

/// <summary>One event in words.</summary>
internal sealed record TickerLine(ulong Seq, long AtMs, string Words);

/// <summary>The latest events of this replica's log, for open pages; a page that does not read loses the oldest.</summary>
internal sealed class EventTicker
{
    private const int Kept = 50;
    private const int MostPages = 200;
    private readonly Lock _gate = new();
    private readonly Queue<EventEnvelope> _last = new();
    private readonly List<Channel<EventEnvelope>> _pages = [];
    private bool _hasEnded;

    /// <summary>Nobody reads hundreds of lines a second: a busy cluster does not pay for them.</summary>
    internal EventSubscriber Subscriber => new("ticker", Take) { OnlyLast = Kept, Pause = TimeSpan.FromMilliseconds(250) };

    /// <summary>A page puts into words what it shows.</summary>
    internal static TickerLine Describe(EventEnvelope happened) =>
        new(happened.EventSeq, happened.OccurredAt.UnixMs, EventMapping.WordsOf(happened));

    /// <returns>Null when too many pages are open, or this replica stops.</returns>
    internal Channel<EventEnvelope>? Open()
    {
        var page = Channel.CreateBounded<EventEnvelope>(new BoundedChannelOptions(4 * Kept)
        {
            FullMode = BoundedChannelFullMode.DropOldest,
            SingleReader = true,
        });
        lock (_gate)
        {
            if (_hasEnded || _pages.Count >= MostPages) return null;
            foreach (var happened in _last) page.Writer.TryWrite(happened);
            _pages.Add(page);
        }
        return page;
    }

    internal void Close(Channel<EventEnvelope> page)
    {
        lock (_gate) _pages.Remove(page);
    }

    /// <summary>This replica stops: it is not to wait for pages that stay open.</summary>
    internal void EndAll()
    {
        lock (_gate)
        {
            _hasEnded = true;
            foreach (var page in _pages) page.Writer.TryComplete();
        }
    }

    private ValueTask Take(IReadOnlyList<EventEnvelope> events, CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            foreach (var happened in events)
            {
                _last.Enqueue(happened);
                if (_last.Count > Kept) _last.Dequeue();
                foreach (var page in _pages) page.Writer.TryWrite(happened);
            }
        }
        return ValueTask.CompletedTask;
    }
}
