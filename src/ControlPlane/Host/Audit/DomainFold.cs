using System.Collections.Concurrent;
using VideoScale.ControlPlane.Canonical;
using VideoScale.ControlPlane.Catalogue;
using VideoScale.ControlPlane.Events;
using VideoScale.ControlPlane.Host.EventLog;
using VideoScale.ControlPlane.State;
using VideoScale.Model;

namespace VideoScale.ControlPlane.Host.Audit;

/// <summary>
/// Folds an event log into domain state. One thread reads and decodes, the caller's folds; a few batches lie between them.
/// Never on the apply thread.
/// </summary>
public static class DomainFold
{
    private const int BatchEvents = 256;
    private const int BatchesBetween = 4;

    private sealed class Batch
    {
        public readonly DomainEvent[] Events = new DomainEvent[BatchEvents];
        public readonly EventContext[] Contexts = new EventContext[BatchEvents];
        public int Count;
    }

    /// <summary>Folds in what comes after the state, up to and with <paramref name="until"/> or the end of the log.</summary>
    /// <param name="stops">Ascending event numbers after which <paramref name="atStop"/> is called on the caller's thread.</param>
    /// <exception cref="EventLogException">Damaged, below the floor, or written by a newer program.</exception>
    public static void Run(EventLogReader log, ClusterState state, ulong until, IEnumerable<ulong>? stops, Action<ClusterState>? atStop,
        CancellationToken cancellationToken)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        using var filled = new BlockingCollection<Batch>(BatchesBetween);
        using var free = new BlockingCollection<Batch>(BatchesBetween + 2);
        for (var i = 0; i < BatchesBetween + 2; i++) free.Add(new(), CancellationToken.None);
        var from = state.LastEventSeq + 1;
        var decoding = Task.Factory.StartNew(() => Decode(log, from, Math.Min(until, log.LastSeq), filled, free, stop.Token),
            CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        try
        {
            using var next = (stops ?? []).SkipWhile(s => s < from).GetEnumerator();
            var nextStop = next.MoveNext() ? next.Current : ulong.MaxValue;
            foreach (var batch in filled.GetConsumingEnumerable(cancellationToken))
            {
                for (var i = 0; i < batch.Count; i++)
                {
                    if (i % ClusterState.MaxAhead == 0)
                        state.LookAhead(batch.Events.AsSpan(i, Math.Min(ClusterState.MaxAhead, batch.Count - i)));
                    Evolve(state, batch.Events[i], batch.Contexts[i]);
                    while (state.LastEventSeq >= nextStop)
                    {
                        if (state.LastEventSeq == nextStop) atStop?.Invoke(state);
                        nextStop = next.MoveNext() ? next.Current : ulong.MaxValue;
                    }
                }
                free.Add(batch, CancellationToken.None);
            }
        }
        finally
        {
            stop.Cancel();
            ((IAsyncResult)decoding).AsyncWaitHandle.WaitOne();
        }
        decoding.GetAwaiter().GetResult();
    }

    private static void Decode(EventLogReader log, ulong from, ulong until, BlockingCollection<Batch> filled,
        BlockingCollection<Batch> free, CancellationToken cancellationToken)
    {
        try
        {
            using var cursor = new EventCursor(log, from, bufferBytes: 1 << 20);
            var names = new NamePool();
            var batch = free.Take(cancellationToken);
            batch.Count = 0;
            while (cursor.Seq < until && cursor.MoveNext())
            {
                DecodeInto(batch, cursor, names);
                if (batch.Count < BatchEvents) continue;
                filled.Add(batch, cancellationToken);
                batch = free.Take(cancellationToken);
                batch.Count = 0;
            }
            if (batch.Count > 0) filled.Add(batch, cancellationToken);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested) { }
        finally { filled.CompleteAdding(); }
    }

    private static void DecodeInto(Batch batch, EventCursor cursor, NamePool names)
    {
        try
        {
            var view = cursor.View;
            batch.Events[batch.Count] = EventCodec.Read(EventTypeTable.Find(view.Type), view.SchemaVersion, view.Payload, names);
            batch.Contexts[batch.Count++] = new(view.EventSeq, view.RaftIndex, view.RaftTerm, view.OrdinalInEntry, view.OccurredAt);
        }
        catch (CanonicalException e)
        {
            throw new EventLogException(EventLogProblem.Corrupt, $"event {cursor.Seq} cannot be read ({cursor.Location}): {e.Message}", e);
        }
    }

    /// <remarks>
    /// Here the log is input from a disk, so a law it breaks is not our own bug: it is reported, and ends only the question.
    /// </remarks>
    private static void Evolve(ClusterState state, DomainEvent happened, in EventContext context)
    {
        try { state.Evolve(happened, context); }
        catch (InvariantViolation e)
        {
            throw new EventLogException(EventLogProblem.Corrupt,
                $"event {context.Seq} ({happened.Type}) cannot follow what was before it: {e.Message}", e);
        }
    }
}
