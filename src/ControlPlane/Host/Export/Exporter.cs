using Microsoft.Extensions.Logging;
using VideoScale.ControlPlane.Audit;
using VideoScale.ControlPlane.Host.EventLog;
using VideoScale.ControlPlane.Host.Replication;
using VideoScale.ControlPlane.Host.Subscriptions;
using VideoScale.Model;

namespace VideoScale.ControlPlane.Host.Export;

/// <summary>
/// The leader's exporter: a subscriber whose place is its target's. After any failure the target is asked anew where it stands, and that
/// decides: what had gone through is not written again, what had not is, and what is not this log's is left alone.
/// </summary>
internal sealed partial class Exporter(IExportTarget target, string clusterId, string replica, EventLogReader events,
    Leadership leadership, Func<ulong, bool> isWhole, ILogger<Exporter> logger) : IExportedLog
{
    internal const string Name = "export";
    private const int MostEvents = 5_000;

    /// <summary>What comes within it is one transaction.</summary>
    private static readonly TimeSpan Gathering = TimeSpan.FromMilliseconds(50);

    private readonly Lock _gate = new();
    private ExportState _state = ExportState.StandingBy;
    private string _problem = "";
    private ulong _exportedSeq, _term, _barredTerm;
    private volatile bool _hasPlace;
    private long _termSince; // Environment.TickCount64
    private ulong? _problemSeq;
    private long _batches, _failures;

    internal EventSubscriber Subscriber => new(Name, WriteAsync)
    {
        RunsOn = RunsOn.Leader,
        PlaceAsync = PlaceAsync,
        IsWhole = isWhole,
        MaxBatch = MostEvents,
        Pause = Gathering,
    };

    internal string Target => target.Name;

    /// <summary>It is known how far the target is, since this replica leads.</summary>
    internal bool HasPlace => _hasPlace;

    /// <summary>How long this replica has had the export, with or without success.</summary>
    internal long HeldMs => Environment.TickCount64 - Interlocked.Read(ref _termSince);

    /// <summary>0 while none is known, as on a replica that does not lead.</summary>
    internal ulong ExportedSeq => Volatile.Read(ref _exportedSeq);
    internal long Batches => Interlocked.Read(ref _batches);
    internal long Failures => Interlocked.Read(ref _failures);

    /// <summary>What it is at, why not more, and the event that is about.</summary>
    internal (ExportState State, ulong Term, string Problem, ulong? ProblemSeq) Now
    {
        get
        {
            lock (_gate) return leadership.IsMine ? (_state, _term, _problem, _problemSeq) : (ExportState.StandingBy, 0, "", null);
        }
    }

    public ulong LastSeq => events.LastSeq;

    public async ValueTask<Hash256?> ChainAtAsync(ulong seq, CancellationToken cancellationToken)
    {
        while (seq < events.Floor) await Task.Delay(TimeSpan.FromSeconds(1), cancellationToken); // peers send what came before
        return events.TryGet(seq)?.Chain;
    }

    private async ValueTask<ulong?> PlaceAsync(CancellationToken cancellationToken)
    {
        var seen = leadership.Now;
        if (_barredTerm == seen.Term)
        {
            await leadership.WaitForChangeAsync(seen, cancellationToken);
            return null;
        }
        if (_term != seen.Term)
        {
            _hasPlace = false;
            Interlocked.Exchange(ref _termSince, Environment.TickCount64);
        }
        Become(ExportState.TakingOver, seen.Term);
        try
        {
            var seq = await target.TakeOverAsync(new ExportClaim(clusterId, seen.Term, replica, IsLeader: true), this, cancellationToken);
            Volatile.Write(ref _exportedSeq, seq);
            _hasPlace = true;
            Become(ExportState.Exporting, seen.Term);
            LogTaken(target.Name, seen.Term, seq);
            return seq;
        }
        catch (Exception e) when (IsFailure(e, cancellationToken))
        {
            Failed(e, seen.Term);
            throw;
        }
    }

    private async ValueTask WriteAsync(IReadOnlyList<EventEnvelope> batch, CancellationToken cancellationToken)
    {
        try
        {
            if (batch.Count == 0)
            {
                await target.CheckAsync(cancellationToken); // set back by hand, or taken by another, while nothing came
                return;
            }
            await target.WriteAsync(batch, cancellationToken);
            Volatile.Write(ref _exportedSeq, batch[^1].EventSeq);
            Interlocked.Increment(ref _batches);
        }
        catch (Exception e) when (IsFailure(e, cancellationToken))
        {
            Failed(e, _term);
            throw;
        }
    }

    private void Become(ExportState state, ulong term)
    {
        lock (_gate)
        {
            (_state, _term) = (state, term);
            if (state == ExportState.Exporting) (_problem, _problemSeq) = ("", null);
        }
    }

    private static bool IsFailure(Exception e, CancellationToken cancellationToken) =>
        e is not InvariantViolation && !cancellationToken.IsCancellationRequested;

    private void Failed(Exception failure, ulong term)
    {
        var e = failure as ExportException ?? new ExportException(ExportProblem.Transient, failure.Message, null, failure);
        Interlocked.Increment(ref _failures);
        lock (_gate)
        {
            (_problem, _problemSeq) = (e.Message, e.Seq);
            _state = e.IsFinal ? ExportState.Stopped : e.Problem == ExportProblem.Fenced ? ExportState.Fenced : ExportState.Retrying;
            if (_state != ExportState.Retrying) _barredTerm = term;
        }
        if (e.IsFinal) LogStopped(target.Name, e.Seq ?? ExportedSeq, e.Message);
        else if (e.Problem == ExportProblem.Fenced) LogFenced(target.Name, e.Message);
    }

    [LoggerMessage(5701, LogLevel.Information, "Exporting to {Target} in term {Term}, after event {Seq}")]
    private partial void LogTaken(string target, ulong term, ulong seq);

    [LoggerMessage(5702, LogLevel.Error,
        "ALARM: the export to {Target} has stopped at event {Seq}: {Why}. Nothing is left out; mend it, then transfer leadership or "
            + "start again")]
    private partial void LogStopped(string target, ulong seq, string why);

    [LoggerMessage(5703, LogLevel.Warning, "The export to {Target} is another's: {Why}")]
    private partial void LogFenced(string target, string why);
}
