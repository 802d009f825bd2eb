using VideoScale.MediaNode.Host.Time;
using VideoScale.MediaNode.Ownership;
using VideoScale.MediaNode.Seats;
using VideoScale.Model;

namespace VideoScale.MediaNode.Host.Ownership;

/// <summary>
/// The one door to <see cref="Authority"/>: serializes callers and reads the clock inside, so that no decision uses an old time.
/// </summary>
public sealed class AuthorityGate(Authority authority, IBootClock clock)
{
    private readonly Lock _gate = new();
    private readonly List<EndedSession> _ended = [];
    private TaskCompletionSource _changed = NewSignal();

    /// <summary>Sessions that are over; called outside the lock, in order.</summary>
    public event Action<IReadOnlyList<EndedSession>>? SessionsEnded;

    /// <summary>Reports may be waiting to be sent.</summary>
    public event Action? ReportsWaiting;

    public IBootClock Clock => clock;

    public StreamStart BeginStream() { lock (_gate) return authority.BeginStream(); }

    public Failure? Welcome(ulong stream, ulong appliedIndex, ulong term, bool tellsSessions = false)
    {
        lock (_gate) return authority.Welcome(stream, appliedIndex, term, tellsSessions);
    }

    /// <summary>0 while nobody is told of sessions; another number when all are to be told anew.</summary>
    public int Telling { get { lock (_gate) return authority.Telling; } }

    /// <summary>Reports something of a session that has a seat here.</summary>
    public void Tell(RoomId room, Epoch epoch, ParticipantIdentity identity, ulong seatId, SessionFact fact)
    {
        lock (_gate) authority.Tell(room, epoch, identity, seatId, fact);
        ReportsWaiting?.Invoke();
    }

    /// <summary>Stamps the send time, then numbers the heartbeat; hand it to the network only after this.</summary>
    public HeartbeatStamp SendHeartbeat(ulong stream) { lock (_gate) return authority.SendHeartbeat(stream, clock.NowNs); }

    public void TakeReports(ulong stream, List<NumberedReport> into) { lock (_gate) authority.TakeReports(stream, into); }

    public void Acknowledge(ulong stream, Acknowledgement acknowledgement) =>
        Change(ended => authority.Acknowledge(stream, acknowledgement, ended));

    public void Apply(ulong stream, Directive directive) => Change(ended => authority.Apply(stream, directive, ended));

    public void Tick() => Change(ended => authority.Tick(clock.NowNs, ended));

    public void Leave() => Change(authority.Leave);

    public void BeginIncarnation(ulong incarnation) { lock (_gate) authority.BeginIncarnation(incarnation); }

    public (AuthorityView View, long AtNs) View() { lock (_gate) { var now = clock.NowNs; return (authority.View(now), now); } }

    public AuthorityCounts Counts() { lock (_gate) return authority.Counts(clock.NowNs); }

    public long LeaseUntilNs { get { lock (_gate) return authority.LeaseUntilNs; } }

    public int PendingReports { get { lock (_gate) return authority.PendingReports; } }

    public bool IsLeaving { get { lock (_gate) return authority.IsLeaving; } }

    public bool IsLeavingKnown { get { lock (_gate) return authority.IsLeavingKnown; } }

    public bool IsExpelled { get { lock (_gate) return authority.IsExpelled; } }

    /// <summary>Takes up a seat; while the leader's directive may be under way, waits for it up to <paramref name="patience"/>.</summary>
    public async Task<(SeatDecision Decision, long AtNs)> TakeSeatAsync(
        RoomId room, Epoch epoch, ParticipantIdentity identity, ulong seatId, TimeSpan patience, CancellationToken cancellationToken,
        SessionFact? described = null)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(patience);
        while (true)
        {
            SeatDecision decision;
            long now;
            Task changed;
            lock (_gate)
            {
                now = clock.NowNs;
                decision = authority.TakeSeat(now, room, epoch, identity, seatId, described);
                changed = _changed.Task;
            }
            if (decision.IsGranted) ReportsWaiting?.Invoke();
            if (!decision.MayChangeSoon || limit.IsCancellationRequested) return (decision, now);
            try { await changed.WaitAsync(limit.Token); }
            // patience is over: the last answer stands
            catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested) { }
        }
    }

    public Failure? LeaveSeat(RoomId room, Epoch epoch, ParticipantIdentity identity, ulong seatId)
    {
        Failure? failure;
        lock (_gate) failure = authority.LeaveSeat(room, epoch, identity, seatId);
        ReportsWaiting?.Invoke();
        return failure;
    }

    private void Change(Action<List<EndedSession>> change)
    {
        EndedSession[] ended;
        TaskCompletionSource changed;
        lock (_gate)
        {
            change(_ended);
            ended = _ended.Count == 0 ? [] : [.. _ended];
            _ended.Clear();
            changed = _changed;
            _changed = NewSignal();
        }
        changed.SetResult();
        if (ended.Length > 0) SessionsEnded?.Invoke(ended);
        ReportsWaiting?.Invoke();
    }

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
