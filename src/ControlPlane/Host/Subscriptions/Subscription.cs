using Microsoft.Extensions.Logging;
using VideoScale.ControlPlane.Audit;
using VideoScale.ControlPlane.Events;
using VideoScale.ControlPlane.Host.EventLog;
using VideoScale.ControlPlane.Host.Replication;
using VideoScale.Model;

namespace VideoScale.ControlPlane.Host.Subscriptions;

/// <summary>Carries one subscriber along the event log of this replica.</summary>
internal sealed partial class Subscription(EventSubscriber subscriber, SubscriberPosition position, EventLogReader events,
    Leadership leadership, IPositionExchange exchange,
    TimeProvider clock, ILogger logger)
{
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(30);

    /// <summary>Between looks whether peers have sent what is missing here, and between saves of a position under load.</summary>
    private static readonly TimeSpan Look = TimeSpan.FromSeconds(1);

    /// <summary>Of quiet, until a subscriber that keeps its own place is to see whether that is as it was.</summary>
    private static readonly TimeSpan Quiet = TimeSpan.FromSeconds(5);

    private long _handled;
    private long _failures;
    private long _keptTicks;
    private ulong _keptSeq;

    internal EventSubscriber Subscriber => subscriber;
    internal SubscriberPosition Position => position;
    internal long Handled => Interlocked.Read(ref _handled);
    internal long Failures => Interlocked.Read(ref _failures);

    /// <summary>Events that it has not seen yet; 0 where it does not run.</summary>
    internal ulong Lag => MayRun && position.IsKnown && events.LastSeq > position.Seq ? events.LastSeq - position.Seq : 0;

    private bool MayRun => subscriber.RunsOn == RunsOn.EveryReplica || leadership.IsMine;

    internal async Task RunAsync(CancellationToken cancellationToken)
    {
        var pause = TimeSpan.Zero;
        while (true)
        {
            try
            {
                await WaitForTurnAsync(cancellationToken);
                var term = leadership.Term;
                if (!await BeginAsync(cancellationToken)) continue;
                await WaitUntilHeldAsync(cancellationToken);
                await FollowAsync(term, () => pause = TimeSpan.Zero, cancellationToken);
            }
            catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
            {
                SaveOrSay();
                throw;
            }
            catch (Exception e) when (e is not InvariantViolation)
            {
                // Whatever a handler throws is its own failure: the replica goes on, and so does it, from where it was.
                Interlocked.Increment(ref _failures);
                pause = pause == TimeSpan.Zero ? FirstPause : TimeSpan.FromTicks(Math.Min(pause.Ticks * 2, LongestPause.Ticks));
                LogFailed(e, subscriber.Name, position.Seq + 1, pause);
                await Task.Delay(pause, clock, cancellationToken);
            }
        }
    }

    private async Task WaitForTurnAsync(CancellationToken cancellationToken)
    {
        while (!MayRun) await leadership.WaitForChangeAsync(leadership.Now, cancellationToken);
    }

    /// <summary>
    /// A new subscriber takes its place. One that runs on the leader first learns how far others were, and its own place is known to a
    /// majority before it handles anything: so whoever leads next begins where events are missing, and not at an end of its own.
    /// </summary>
    /// <returns>False when it may not begin after all.</returns>
    private async Task<bool> BeginAsync(CancellationToken cancellationToken)
    {
        if (subscriber.PlaceAsync is { } placeAsync)
        {
            if (await placeAsync(cancellationToken) is not { } place) return false;
            position.StandAt(place);
            return true;
        }
        var isShared = subscriber is { RunsOn: RunsOn.Leader, IsDurable: true };
        if (isShared)
        {
            var (highest, isMajority) = await exchange.ExchangeAsync(subscriber.Name, position.Known, cancellationToken);
            if (!isMajority) throw new TimeoutException("no majority of voters said how far it was");
            if (highest is { } known) position.Advance(known);
        }
        if (position.IsKnown) return true;
        position.Advance(subscriber.BeginsAt == BeginsAt.FirstEvent || subscriber.OnlyLast is not null ? 0 : events.LastSeq);
        if (!isShared) return true;
        position.Save();
        if (!(await exchange.ExchangeAsync(subscriber.Name, position.Seq, cancellationToken)).IsMajority)
            throw new TimeoutException("no majority of voters keeps where it began");
        return true;
    }

    /// <summary>
    /// What it needs next may lie before this replica's log: peers send that (see <see cref="EventLog.Backfill.SegmentBackfill"/>).
    /// </summary>
    private async Task WaitUntilHeldAsync(CancellationToken cancellationToken)
    {
        if (IsTooFarBehind(position.Seq)) position.Advance(events.LastSeq - (ulong)subscriber.OnlyLast!);
        var said = false;
        while (position.Seq + 1 < events.Floor)
        {
            if (subscriber.OnlyLast is not null)
            {
                position.Advance(events.Floor - 1); // as many as there are
                return;
            }
            if (!said) LogWaits(subscriber.Name, position.Seq + 1, events.Floor);
            said = true;
            await Task.Delay(Look, clock, cancellationToken);
        }
    }

    /// <param name="term">Of the turn: whoever leads again in another one begins anew, since others may have gone on meanwhile.</param>
    private async Task FollowAsync(ulong term, Action wentWell, CancellationToken cancellationToken)
    {
        using var cursor = events.Read(position.Seq + 1);
        var entries = subscriber.IsWhole is null ? null : new WholeEntries(subscriber.MaxBatch);
        while (MayRun && (subscriber.RunsOn == RunsOn.EveryReplica || leadership.Term == term) && !IsTooFarBehind(cursor.Seq))
        {
            var batch = entries is null ? Take(cursor) : TakeEntries(cursor, entries);
            if (batch.Count > 0)
            {
                await subscriber.HandleAsync(batch, cancellationToken);
                Interlocked.Add(ref _handled, batch.Count);
                wentWell();
            }
            position.Advance(cursor.Seq - (ulong)(entries?.Held ?? 0));
            if (subscriber.Pause > TimeSpan.Zero) await Task.Delay(subscriber.Pause, clock, cancellationToken);
            if (clock.GetElapsedTime(_keptTicks) > Look) await KeepAsync(cancellationToken);
            if (entries is { Held: > 0 } || cursor.Seq < events.LastSeq) continue;
            cursor.Rest();
            var keepsItsPlace = subscriber.PlaceAsync is not null;
            TimeSpan? atMost = keepsItsPlace ? Quiet : _keptSeq != position.Seq ? Look : null;
            if (!await GrowsAsync(cursor.Seq + 1, atMost, cancellationToken) && keepsItsPlace && MayRun)
                await subscriber.HandleAsync([], cancellationToken);
        }
    }

    private List<EventEnvelope> Take(EventCursor cursor)
    {
        var batch = new List<EventEnvelope>();
        while (batch.Count < subscriber.MaxBatch && cursor.MoveNext())
            if (Passes(cursor.View)) batch.Add(cursor.View.ToEnvelope(cursor.Chain));
        return batch;
    }

    private IReadOnlyList<EventEnvelope> TakeEntries(EventCursor cursor, WholeEntries entries)
    {
        while (cursor.MoveNext())
            if (entries.Add(cursor.View.ToEnvelope(cursor.Chain))) return entries.Take(isLastWhole: false);
        // Asked first: what has come since the cursor's end may be of the same entry.
        return entries.Take(isLastWhole: entries.Last is { } last && subscriber.IsWhole!(last.RaftIndex) && cursor.Seq == events.LastSeq);
    }

    /// <summary>Returns when there is more, when somebody else leads, or when that takes longer than so much.</summary>
    /// <returns>False when it took longer.</returns>
    private async Task<bool> GrowsAsync(ulong next, TimeSpan? atMost, CancellationToken cancellationToken)
    {
        using var any = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var waits = new List<Task> { events.WaitAsync(next, any.Token) };
        if (subscriber.RunsOn == RunsOn.Leader) waits.Add(leadership.WaitForChangeAsync(leadership.Now, any.Token).AsTask());
        var quiet = Task.Delay(atMost ?? Timeout.InfiniteTimeSpan, clock, any.Token);
        waits.Add(quiet);
        var first = await Task.WhenAny(waits);
        await any.CancelAsync();
        await Task.WhenAll(waits).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        cancellationToken.ThrowIfCancellationRequested();
        return first != quiet;
    }

    private bool IsTooFarBehind(ulong seq) => subscriber.OnlyLast is { } most && events.LastSeq > seq + (ulong)most;

    private bool Passes(in EventView view) =>
        subscriber.Types.Count == 0 || (EventTypeTable.TryFind(view.Type, out var type) && subscriber.Types.Contains(type));

    /// <summary>What others do not hear, or the disk does not take, costs a repeat and no more.</summary>
    private async Task KeepAsync(CancellationToken cancellationToken)
    {
        (_keptTicks, _keptSeq) = (clock.GetTimestamp(), position.Seq);
        if (!subscriber.IsDurable) return;
        SaveOrSay();
        if (subscriber.RunsOn == RunsOn.Leader && MayRun)
            _ = await exchange.ExchangeAsync(subscriber.Name, position.Seq, cancellationToken);
    }

    private void SaveOrSay()
    {
        try { position.Save(); }
        catch (IOException e) { LogNotSaved(subscriber.Name, e.Message); }
    }

    [LoggerMessage(3970, LogLevel.Warning, "Subscriber {Name} failed at event {Seq} or after it and tries again in {Pause}")]
    private partial void LogFailed(Exception e, string name, ulong seq, TimeSpan pause);

    [LoggerMessage(3971, LogLevel.Information,
        "Subscriber {Name} needs event {Seq}, and this replica holds events from {Floor} on: it waits for what peers send")]
    private partial void LogWaits(string name, ulong seq, ulong floor);

    [LoggerMessage(3972, LogLevel.Warning,
        "The position of subscriber {Name} was not saved ({Why}): after a restart it gets some events again")]
    private partial void LogNotSaved(string name, string why);
}
