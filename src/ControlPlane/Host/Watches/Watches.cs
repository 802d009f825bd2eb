using System.Threading.Channels;
using Grpc.Core;
using VideoScale.ControlPlane.Host.Observability;
using VideoScale.ControlPlane.Host.Replication;
using VideoScale.ControlPlane.State;
using VideoScale.Model;
using VideoScale.Wire;

namespace VideoScale.ControlPlane.Host.Watches;

/// <summary>
/// Streams of what changes: the listing as it is, page by page, then every change as it is applied. A change costs those who watch it,
/// however many others watch something else. Each watcher has a bounded buffer; one that falls behind by more is ended, so that it never
/// holds the apply thread up and never misses a change unknowingly.
/// </summary>
/// <typeparam name="TChange">One row: a thing by its name, and the index it looks so at.</typeparam>
public abstract class Watches<TChange>(StateQueries queries, int bufferSize, ReplicaMetrics metrics) : IStateListener where TChange : class
{
    private const int PageSize = 500;
    private readonly Audience<Watcher> _audience = new();
    private readonly List<Watcher> _concerned = []; // apply thread
    private long _offered;

    /// <param name="Name">Orders the rows; a watcher that lists up to a name has seen all before it.</param>
    protected readonly record struct Row(string Name, ulong Index, TChange Change);

    /// <summary>A thing that changed, and the nodes whose watchers hear of it: where it is, and where it was.</summary>
    protected readonly record struct Touched(string Name, string Node = "", string NodeBefore = "");

    private sealed class Watcher(WatchTopic topic, int bufferSize)
    {
        internal WatchTopic Topic => topic;
        internal Channel<Row> Rows { get; } = Channel.CreateBounded<Row>(new BoundedChannelOptions(bufferSize)
        {
            SingleReader = true,
            SingleWriter = true,
        });
    }

    /// <summary>Number of streams being served.</summary>
    public int Count => _audience.Count;

    /// <summary>Changes put before watchers so far: what watching has cost the apply thread.</summary>
    public long Offered => Volatile.Read(ref _offered);

    public void OnApplied(ulong appliedIndex, IReadOnlyList<AppliedEvent> events, ClusterState state)
    {
        if (events.Count == 0) return;
        if (_audience.Count == 0)
        {
            OnUnwatched();
            return;
        }
        foreach (var touched in Changed(events, state))
        {
            Find(touched);
            if (_concerned.Count == 0) continue; // nobody looks: the row is not even made
            var row = RowOf(touched.Name, appliedIndex, state);
            foreach (var watcher in _concerned)
                if (!watcher.Rows.Writer.TryWrite(row)) End(watcher, $"the watcher fell more than {bufferSize} changes behind; list anew");
            Volatile.Write(ref _offered, _offered + _concerned.Count);
        }
    }

    public void OnRestored(ulong appliedIndex, ClusterState state)
    {
        EndAll("this replica's state was replaced by a snapshot; list anew");
        OnUnwatched();
    }

    /// <summary>Ends all streams with UNAVAILABLE.</summary>
    public void EndAll(string why)
    {
        foreach (var watcher in _audience.Everyone()) End(watcher, why);
    }

    /// <summary>What the events changed, each thing once. Apply thread.</summary>
    protected abstract IEnumerable<Touched> Changed(IReadOnlyList<AppliedEvent> events, ClusterState state);

    /// <summary>A thing as it is now. Apply thread.</summary>
    protected abstract Row RowOf(string name, ulong appliedIndex, ClusterState state);

    /// <summary>The next rows of a topic's listing after a name, in order. Apply thread.</summary>
    protected abstract List<Row> List(ClusterState state, ulong index, WatchTopic topic, string after, int size);

    /// <summary>Somebody begins to watch. Apply thread.</summary>
    protected virtual void OnJoined(WatchTopic topic, ClusterState state) { }

    /// <summary>Nobody watches anything, or not this state any more. Apply thread.</summary>
    protected virtual void OnUnwatched() { }

    protected bool IsWatched(WatchTopic topic) => _audience.Has(topic);

    /// <summary>Sends listing and changes until the caller leaves or is too slow.</summary>
    /// <param name="send">Gets each row and whether it belongs to the listing; filters.</param>
    protected async Task ServeAsync(WatchTopic topic, Func<Row, bool, Task> send, CancellationToken cancellationToken)
    {
        var watcher = new Watcher(topic, bufferSize);
        await queries.ReadNowAsync((Self: this, Watcher: watcher), static (state, _, join) => join.Self.Join(join.Watcher, state));
        try
        {
            var after = "";
            while (true)
            {
                var page = await queries.ReadNowAsync((Self: this, Topic: topic, After: after),
                    static (state, index, at) => (Rows: at.Self.List(state, index, at.Topic, at.After, PageSize), Index: index));
                foreach (var row in page.Rows) await send(row, true);
                var upTo = page.Rows.Count < PageSize ? null : page.Rows[^1].Name; // null: the listing is complete
                await SendMissedAsync(watcher, after, upTo, page.Index, send);
                if (upTo is null) break;
                cancellationToken.ThrowIfCancellationRequested();
                after = upTo;
            }
            await foreach (var row in watcher.Rows.Reader.ReadAllAsync(cancellationToken)) await send(row, false);
        }
        catch (ChannelClosedException e) when (e.InnerException is RpcException reason) { throw reason; }
        finally { _audience.Remove(topic, watcher); }
    }

    /// <summary>Sends the changes that came while a page was listed, but for those the page, or one to come, shows already.</summary>
    private static async Task SendMissedAsync(Watcher watcher, string after, string? upTo, ulong pageIndex, Func<Row, bool, Task> send)
    {
        for (var left = watcher.Rows.Reader.Count; left > 0 && watcher.Rows.Reader.TryRead(out var row); left--)
        {
            var toBeListed = upTo is not null && string.CompareOrdinal(row.Name, upTo) > 0;
            var inThisPage = !toBeListed && string.CompareOrdinal(row.Name, after) > 0;
            if (!toBeListed && !(inThisPage && row.Index <= pageIndex)) await send(row, false);
        }
    }

    private void Find(in Touched touched)
    {
        _concerned.Clear();
        _audience.Collect(WatchTopic.All, _concerned);
        _audience.Collect(WatchTopic.Named(touched.Name), _concerned);
        if (touched.Node.Length > 0) _audience.Collect(WatchTopic.OfNode(touched.Node), _concerned);
        if (touched.NodeBefore.Length > 0 && touched.NodeBefore != touched.Node)
            _audience.Collect(WatchTopic.OfNode(touched.NodeBefore), _concerned);
    }

    private bool Join(Watcher watcher, ClusterState state)
    {
        OnJoined(watcher.Topic, state);
        _audience.Add(watcher.Topic, watcher);
        return true;
    }

    private void End(Watcher watcher, string why)
    {
        if (watcher.Rows.Writer.TryComplete(Failure.Unavailable(why).ToRpcException())) metrics.WatcherEnded();
        _audience.Remove(watcher.Topic, watcher);
    }
}
