using System.Threading.Channels;
using Grpc.Core;
using VideoScale.Consensus.Host;
using VideoScale.ControlPlane.Host.Observability;
using VideoScale.ControlPlane.Host.StateMachine;
using VideoScale.ControlPlane.State;
using VideoScale.Model;
using VideoScale.Wire;

namespace VideoScale.ControlPlane.Host.Projections;

/// <summary>
/// Streams of what changes: the listing as it is, page by page, then every change as it is applied. Each watcher has a bounded buffer;
/// one that falls behind by more is ended, so that it never holds the apply thread up and never misses a change unknowingly.
/// </summary>
/// <typeparam name="TChange">One row: a thing by its name, and the index it looks so at.</typeparam>
public abstract class Watches<TChange>(IReplicatedLog log, StateQueries queries, int bufferSize, ReplicaMetrics metrics) : IStateListener where TChange : class
{
    private const int PageSize = 500;
    private readonly Lock _gate = new();
    private volatile Watcher[] _watchers = [];

    /// <param name="Name">Orders the rows; a watcher that lists up to a name has seen all before it.</param>
    protected readonly record struct Row(string Name, ulong Index, TChange Change);

    private sealed class Watcher(int bufferSize)
    {
        internal Channel<Row> Rows { get; } = Channel.CreateBounded<Row>(new BoundedChannelOptions(bufferSize) { SingleReader = true, SingleWriter = true });
    }

    /// <summary>Number of streams being served.</summary>
    public int Count => _watchers.Length;

    public void OnApplied(ulong appliedIndex, IReadOnlyList<AppliedEvent> events, ClusterState state)
    {
        var watchers = _watchers;
        if (watchers.Length == 0 || events.Count == 0) return;
        foreach (var row in Changed(appliedIndex, events, state))
            foreach (var watcher in watchers)
                if (!watcher.Rows.Writer.TryWrite(row)) End(watcher, $"the watcher fell more than {bufferSize} changes behind; list anew");
    }

    public void OnRestored(ulong appliedIndex, ClusterState state) => EndAll("this replica's state was replaced by a snapshot; list anew");

    /// <summary>Ends all streams with UNAVAILABLE.</summary>
    public void EndAll(string why)
    {
        foreach (var watcher in _watchers) End(watcher, why);
    }

    /// <summary>Rows of what the events changed, each thing once. Apply thread.</summary>
    protected abstract IEnumerable<Row> Changed(ulong appliedIndex, IReadOnlyList<AppliedEvent> events, ClusterState state);

    /// <summary>The next rows of the listing after a name, in order. Apply thread.</summary>
    protected abstract List<Row> List(ClusterState state, ulong index, string after, int size);

    /// <summary>Sends listing and changes until the caller leaves or is too slow.</summary>
    /// <param name="send">Gets each row and whether it belongs to the listing; filters.</param>
    protected async Task ServeAsync(Func<Row, bool, Task> send, CancellationToken cancellationToken)
    {
        var watcher = await JoinAsync();
        try
        {
            var after = "";
            while (true)
            {
                var page = await queries.ReadNowAsync((Self: this, After: after), static (state, index, at) => (Rows: at.Self.List(state, index, at.After, PageSize), Index: index));
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
        finally { Leave(watcher); }
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

    private async Task<Watcher> JoinAsync()
    {
        var watcher = new Watcher(bufferSize);
        var joined = new Join(() => { lock (_gate) _watchers = [.. _watchers, watcher]; });
        log.Post(joined);
        await joined.Done;
        return watcher;
    }

    private void Leave(Watcher watcher)
    {
        lock (_gate) _watchers = [.. _watchers.Where(w => w != watcher)];
    }

    private void End(Watcher watcher, string why)
    {
        if (watcher.Rows.Writer.TryComplete(Failure.Unavailable(why).ToRpcException())) metrics.WatcherEnded();
        Leave(watcher);
    }

    private sealed class Join(Action join) : IApplyWork
    {
        private readonly TaskCompletionSource _done = new(TaskCreationOptions.RunContinuationsAsynchronously);
        internal Task Done => _done.Task;

        public void Run(ulong appliedIndex)
        {
            join();
            _done.SetResult();
        }
    }
}
