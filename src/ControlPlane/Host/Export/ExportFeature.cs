using Microsoft.Extensions.Logging;
using VideoScale.ControlPlane.Host.Features;
using VideoScale.V1;

namespace VideoScale.ControlPlane.Host.Export;

/// <summary>The event log beside its own files, on the leader.</summary>
/// <param name="target">Null: there is none.</param>
internal sealed class ExportFeature(ReplicaCore core, IExportTarget? target) : IFeature
{
    private readonly Exporter? _exporter = target is null ? null
        : new Exporter(target, core.Cluster.ClusterId, core.Cluster.Self.ToString(), core.Events.Reader, core.Leadership,
            index => core.Log.Status.AppliedIndex >= index && core.Events.Reader.LastSeq >= core.Events.AppendedSeq,
            core.Clock, core.Loggers.CreateLogger<Exporter>());

    private ExportLag? _lag;

    public void Register(FeatureRegistry registry)
    {
        if (target is null || _exporter is null) return;
        var options = core.Options.Export;
        var lag = _lag = new ExportLag(_exporter, core.Events.Reader, (ulong)options.LagBudgetEvents,
            TimeSpan.FromSeconds(options.LagBudgetSeconds), core.Clock, core.Loggers.CreateLogger<ExportLag>());
        registry.Subscribe(_exporter.Subscriber);
        registry.Run(lag.RunAsync);
        registry.Own(target);
        core.Metrics.Gauge("videoscale_export_state",
            "What the export is at: 1 standing by, 2 taking over, 3 exporting, 4 retrying, 5 fenced, 6 stopped", () =>
                (ulong)_exporter.Now.State);
        core.Metrics.Gauge("videoscale_export_seq", "Last event that is exported, as the leader knows it",
            () => _exporter.Now.Seq ?? 0);
        core.Metrics.Gauge("videoscale_export_lag_events", "Events that are not exported yet", () => lag.Events);
        core.Metrics.Gauge("videoscale_export_lag_ms", "Age of the first event that is not exported", () => lag.Ms);
        core.Metrics.Gauge("videoscale_export_over_budget", "1 while the export is further behind than its budget",
            () => lag.IsOverBudget ? 1UL : 0);
        core.Metrics.Counter("videoscale_export_batches", "Transactions of the export", () => _exporter.Batches);
        core.Metrics.Counter("videoscale_export_failures", "Times that the export failed", () => _exporter.Failures);
    }

    /// <summary>As the leader knows it.</summary>
    internal ExportStatusReply Status()
    {
        var reply = new ExportStatusReply { LogSeq = core.Events.Reader.LastSeq, ClusterId = core.Cluster.ClusterId };
        if (_exporter is null) return reply;
        var now = _exporter.Now;
        reply.State = now.State;
        reply.Target = _exporter.Target;
        reply.Exporter = core.Cluster.Self.ToString();
        reply.Term = now.Term;
        reply.Problem = now.Problem;
        reply.ProblemSeq = now.ProblemSeq ?? 0;
        reply.ExportedSeq = now.Seq ?? 0;
        reply.LagEvents = _lag?.Events ?? 0;
        reply.LagMs = _lag?.Ms ?? 0;
        reply.OverBudget = _lag?.IsOverBudget ?? false;
        reply.Batches = (ulong)_exporter.Batches;
        return reply;
    }
}
