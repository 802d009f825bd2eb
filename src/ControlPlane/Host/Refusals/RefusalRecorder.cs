using Microsoft.Extensions.Logging;
using VideoScale.ControlPlane.Cluster;
using VideoScale.ControlPlane.Commands;
using VideoScale.ControlPlane.Host.Observability;
using VideoScale.ControlPlane.Host.Replication;
using VideoScale.ControlPlane.State;
using VideoScale.Model;

namespace VideoScale.ControlPlane.Host.Refusals;

/// <summary>
/// Records who asked for what and was refused, as events. A refusal changes nothing and is no event by itself: the leader proposes a
/// command that says so, which every version of this program applies alike. Within a budget, and without holding the caller's answer up.
/// </summary>
public sealed partial class RefusalRecorder
{
    private static readonly TimeSpan Period = TimeSpan.FromSeconds(5);
    private readonly CommandPipeline _pipeline;
    private readonly Leadership _leadership;
    private readonly StateQueries _queries;
    private readonly RefusalReport _report;
    private readonly TimeProvider _clock;
    private readonly ILogger _logger;
    private readonly Lock _gate = new();
    private readonly RefusalBudget _budget = RefusalBudget.Default;
    private long _recorded;
    private long _keptBack;

    public RefusalRecorder(CommandPipeline pipeline, Leadership leadership, StateQueries queries, RefusalReport report,
        ReplicaMetrics metrics, TimeProvider clock, ILogger<RefusalRecorder> logger)
    {
        (_pipeline, _leadership, _queries, _report, _clock, _logger) = (pipeline, leadership, queries, report, clock, logger);
        metrics.Gauge("videoscale_refusals_recorded", "Refusals recorded as events, or told to the leader", () => Read(ref _recorded));
        metrics.Gauge("videoscale_refusals_kept_back", "Refusals that were counted and not recorded one by one", () => Read(ref _keptBack));
    }

    /// <summary>A caller was refused. Any thread; returns at once.</summary>
    public void Note(Refusal refusal)
    {
        if (!refusal.IsWorthRecording) return;
        Refusal? due;
        lock (_gate) due = _budget.Take(refusal, NowMs);
        if (due is null) Interlocked.Increment(ref _keptBack);
        else _ = RecordAsync(due);
    }

    /// <summary>Records the counts whose time has come, until cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        using var timer = new PeriodicTimer(Period, _clock);
        while (await timer.WaitForNextTickAsync(cancellationToken))
        {
            IReadOnlyList<Refusal> due;
            lock (_gate) due = _budget.Due(NowMs);
            foreach (var refusal in due) await RecordAsync(refusal);
        }
    }

    private static ulong Read(ref long count) => (ulong)Interlocked.Read(ref count);

    private long NowMs => (long)_clock.GetElapsedTime(0).TotalMilliseconds;

    private async Task RecordAsync(Refusal refusal)
    {
        try
        {
            if (_leadership.IsMine ? await ProposeAsync(refusal) : await _report.SendAsync(refusal)) Interlocked.Increment(ref _recorded);
            else lock (_gate) _budget.PutBack(refusal, NowMs);
        }
        catch (Exception e) when (e is not InvariantViolation) { LogNotRecorded(e, refusal.Actor.Subject, refusal.Method); }
    }

    /// <returns>False when it is certainly not in the log.</returns>
    private async Task<bool> ProposeAsync(Refusal refusal)
    {
        var stream = await _queries.ReadNowAsync(refusal.Stream, static (state, _, stream) => StreamOf(state, stream));
        var command = new ClusterCommand.RecordRejection(stream, refusal.Method, refusal.Failure.Code, refusal.Words);
        var envelope = new CommandEnvelope(command, refusal.Actor, CorrelationId: refusal.RequestId, Traceparent: refusal.Traceparent);
        var result = await _pipeline.SubmitAsync(envelope, CancellationToken.None);
        return result.Status is SubmitStatus.Applied or SubmitStatus.Unknown;
    }

    /// <summary>That of what it was about, if it is there: streams are never forgotten, and refused names shall make none.</summary>
    private static string StreamOf(ClusterState state, string stream)
    {
        var name = stream[(stream.IndexOf('-', StringComparison.Ordinal) + 1)..];
        var isThere = stream.StartsWith("room-", StringComparison.Ordinal) ? state.Rooms.Contains(name) : state.Nodes.Contains(name);
        return isThere ? stream : Refusal.Cluster;
    }

    [LoggerMessage(3950, LogLevel.Warning, "A refusal of {Subject}'s {Method} could not be recorded")]
    private partial void LogNotRecorded(Exception e, string subject, string method);
}
