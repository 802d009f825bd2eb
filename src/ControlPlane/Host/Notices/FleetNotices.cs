using Microsoft.Extensions.Logging;
using VideoScale.ControlPlane.Audit;
using VideoScale.ControlPlane.Events;
using VideoScale.ControlPlane.Host.Audit;
using VideoScale.ControlPlane.Host.Subscriptions;

namespace VideoScale.ControlPlane.Host.Notices;

/// <summary>
/// What an operator must not miss, in the leader's log: nodes that were lost, rooms that found no node, drains that are stuck, launches
/// that
/// failed.
/// </summary>
internal sealed partial class FleetNotices(ILogger<FleetNotices> logger)
{
    private static readonly HashSet<EventType> Severe =
    [
        EventType.MediaNodeLost, EventType.PlacementFailed, EventType.DrainBlocked, EventType.DrainTimedOut,
            EventType.RecoveryGenerationRaised, EventType.ReplicaDiverged, EventType.LaunchFailed, EventType.PoolSuspended,
    ];

    /// <summary>Of one batch; a fleet without any node refuses every room, and the log need not say each.</summary>
    private const int MostLines = 20;

    internal EventSubscriber Subscriber => new("fleet-notices", Tell) { RunsOn = RunsOn.Leader, IsDurable = true, Types = Severe };

    private ValueTask Tell(IReadOnlyList<EventEnvelope> events, CancellationToken cancellationToken)
    {
        foreach (var happened in events.Take(MostLines)) LogNotice(EventMapping.WordsOf(happened), happened.EventSeq);
        if (events.Count > MostLines) LogMore(events.Count - MostLines, events[MostLines].EventSeq, events[^1].EventSeq);
        return ValueTask.CompletedTask;
    }

    [LoggerMessage(3975, LogLevel.Warning, "{Notice} (event {Seq})")]
    private partial void LogNotice(string notice, ulong seq);

    [LoggerMessage(3976, LogLevel.Warning, "… and {Count} more like these, events {From} to {To}: see `audit tail`")]
    private partial void LogMore(int count, ulong from, ulong to);
}
