using Microsoft.Extensions.Logging;
using VideoScale.Consensus;
using VideoScale.ControlPlane.Audit;
using VideoScale.ControlPlane.Host.EventLog;
using VideoScale.ControlPlane.Host.Replication;
using VideoScale.ControlPlane.Host.Subscriptions;
using VideoScale.Model;
using ExportState = VideoScale.V1.ExportState;

namespace VideoScale.ControlPlane.Host.Export;

/// <summary>
/// The leader's exporter: a subscriber whose place is its target's. After any failure the target is asked anew where it stands, and that
/// decides: what had gone through is not written again, what had not is, and what is not this log's is left alone.
/// </summary>
internal sealed partial class Exporter(IExportTarget target, string clusterId, string replica, EventLogReader events,
    Leadership leadership, Func<ulong, bool> isWhole, TimeProvider clock, ILogger<Exporter> logger) : IExportedLog
{
    internal const string Name = "export";

    /// <summary>Written by the subscriber alone.</summary>
    private volatile ExportStanding _standing = ExportStanding.NotLeading;
    private ulong? _barredTerm;
    private long _batches, _failures;

    internal EventSubscriber Subscriber => new(Name, WriteAsync)
    {
        RunsOn = RunsOn.Leader,
        PlaceAsync = PlaceAsync,
        IsWhole = isWhole,
        MaxBatch = ExportBatch.MostEvents,
        Pause = ExportBatch.Gathering,
    };

    internal string Target => target.Name;

    internal long Batches => Interlocked.Read(ref _batches);
    internal long Failures => Interlocked.Read(ref _failures);

    /// <summary>What it is at in the term of now: what it was at in one before says nothing about the target any more.</summary>
    internal ExportStanding Now
    {
        get
        {
            var (seen, standing) = (leadership.Now, _standing);
            return seen.Role != ReplicaRole.Leader ? ExportStanding.NotLeading
                : standing.Term == seen.Term ? standing : ExportStanding.Begins(seen.Term, clock.GetTimestamp());
        }
    }

    public ulong LastSeq => events.LastSeq;

    public async ValueTask<Hash256?> ChainAtAsync(ulong seq, CancellationToken cancellationToken)
    {
        while (seq < events.Floor) await Task.Delay(TimeSpan.FromSeconds(1), clock, cancellationToken); // peers send what came before
        return events.TryGet(seq)?.Chain;
    }

    private async ValueTask<ulong?> PlaceAsync(CancellationToken cancellationToken)
    {
        var seen = leadership.Now;
        if (seen.Role != ReplicaRole.Leader) return null; // a claim in the term of another would take it from that one
        if (_barredTerm == seen.Term)
        {
            await leadership.WaitForChangeAsync(seen, cancellationToken);
            return null;
        }
        _standing = _standing.Term == seen.Term ? _standing with { State = ExportState.TakingOver }
            : ExportStanding.Begins(seen.Term, clock.GetTimestamp());
        try
        {
            var seq = await target.TakeOverAsync(new ExportClaim(clusterId, seen.Term, replica, IsLeader: true), this, cancellationToken);
            _standing = _standing with { State = ExportState.Exporting, Seq = seq, Problem = "", ProblemSeq = null };
            LogTaken(target.Name, seen.Term, seq);
            return seq;
        }
        catch (Exception e) when (IsFailure(e, cancellationToken))
        {
            Failed(e);
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
            _standing = _standing with { Seq = batch[^1].EventSeq };
            Interlocked.Increment(ref _batches);
        }
        catch (Exception e) when (IsFailure(e, cancellationToken))
        {
            Failed(e);
            throw;
        }
    }

    private static bool IsFailure(Exception e, CancellationToken cancellationToken) =>
        e is not InvariantViolation && !cancellationToken.IsCancellationRequested;

    private void Failed(Exception failure)
    {
        var e = failure as ExportException ?? new ExportException(ExportProblem.Transient, failure.Message, null, failure);
        Interlocked.Increment(ref _failures);
        var state = e.IsFinal ? ExportState.Stopped : e.Problem == ExportProblem.Fenced ? ExportState.Fenced : ExportState.Retrying;
        _standing = _standing with { State = state, Problem = e.Message, ProblemSeq = e.Seq };
        if (state != ExportState.Retrying) _barredTerm = _standing.Term;
        if (e.IsFinal) LogStopped(target.Name, e.Seq ?? _standing.Seq ?? 0, e.Message);
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
