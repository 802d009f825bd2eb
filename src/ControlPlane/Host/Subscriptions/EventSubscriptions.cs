using System.Collections.Immutable;
using Microsoft.Extensions.Logging;
using VideoScale.ControlPlane.Host.EventLog;
using VideoScale.ControlPlane.Host.Observability;
using VideoScale.ControlPlane.Host.Replication;

namespace VideoScale.ControlPlane.Host.Subscriptions;

/// <summary>All that follow this replica's event log. A feature adds its subscriber before the loops start.</summary>
/// <param name="directory">Where positions are kept.</param>
internal sealed class EventSubscriptions(string directory, EventLogReader events, Leadership leadership, IPositionExchange exchange,
    TimeProvider clock, ILogger<EventSubscriptions> logger)
{
    private ImmutableArray<Subscription> _all = [];

    internal IReadOnlyList<Subscription> All => _all;

    internal Subscription? Find(string name) => _all.FirstOrDefault(one => one.Subscriber.Name == name);

    /// <exception cref="InvalidDataException">Its position on disk is damaged.</exception>
    internal void Add(EventSubscriber subscriber)
    {
        if (_all.Any(known => known.Subscriber.Name == subscriber.Name))
            throw new ArgumentException($"there is a subscriber {subscriber.Name} already", nameof(subscriber));
        var added = new Subscription(subscriber, new SubscriberPosition(subscriber.IsDurable ? directory : null, subscriber.Name), events,
            leadership, exchange, clock, logger);
        _all = _all.Add(added);
    }

    internal void Observe(ReplicaMetrics metrics)
    {
        const string Label = "subscriber";
        metrics.GaugeOfEach("videoscale_subscriber_lag_events", "Events that a subscriber has not handled yet", Label,
            () => _all.Select(one => (one.Subscriber.Name, (double)one.Lag)));
        metrics.CountOfEach("videoscale_subscriber_events", "Events that a subscriber has handled", Label,
            () => _all.Select(one => (one.Subscriber.Name, (double)one.Handled)));
        metrics.CountOfEach("videoscale_subscriber_failures", "Times that a subscriber's handler failed", Label,
            () => _all.Select(one => (one.Subscriber.Name, (double)one.Failures)));
    }

    internal Task RunAsync(CancellationToken cancellationToken) => Task.WhenAll(_all.Select(one => one.RunAsync(cancellationToken)));
}
