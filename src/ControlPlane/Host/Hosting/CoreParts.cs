using Microsoft.Extensions.Logging;
using VideoScale.Consensus;
using VideoScale.ControlPlane.Host.Bounds;
using VideoScale.ControlPlane.Host.Clocks;
using VideoScale.ControlPlane.Host.Cluster;
using VideoScale.ControlPlane.Host.Features;
using VideoScale.ControlPlane.Host.Fleets;
using VideoScale.ControlPlane.Host.Leader;
using VideoScale.ControlPlane.Host.Observability;
using VideoScale.ControlPlane.Host.Options;
using VideoScale.ControlPlane.Host.Refusals;
using VideoScale.ControlPlane.Host.Replication;
using VideoScale.ControlPlane.Host.Serving;
using VideoScale.ControlPlane.Host.Subscriptions;
using VideoScale.ControlPlane.Host.Waiting;
using VideoScale.Rpc;

namespace VideoScale.ControlPlane.Host.Hosting;

/// <summary>
/// Puts the core of a replica together by hand: from the event log and the state at the bottom, through the log, to the way of commands.
/// </summary>
internal static class CoreParts
{
    /// <summary>Of commands that wait for the log: as many of the largest kind as fit, however many small ones may wait.</summary>
    private const long WaitingBytes = 64 << 20;

    /// <param name="replicaToken">How this replica shows the others who it is; null when its certificate does.</param>
    internal static ReplicaCore Make(ControlPlaneOptions options, ClusterFiles cluster, ILogDirectory directory, ReplicaTuning tuning,
        TlsMaterial? tls, string? replicaToken,
        ServingGate gate, FatalStop fatal, Action<string> diverged, ILoggerFactory loggers)
    {
        var metrics = new ReplicaMetrics(cluster.Self.ToString());
        var channels = new ChannelPool(tls);
        var identity = new ReplicaIdentity(replicaToken);

        var events = OpenEvents(directory, cluster);
        var feed = new StateFeed();
        var machine = new ControlPlaneStateMachine(events, feed, metrics, tuning.Hooks);
        machine.Diverged += diverged; // before the log starts: it may hand over entries at once
        var time = new LogTimeSource(tuning.Clock, tuning.LeaseClock);
        machine.TimePassed = time.Observed;
        var log = LogStart.Start(options, cluster, directory, events.ReachesIndex, machine, loggers);
        metrics.Observe(log);

        var book = new MemberBook(cluster, log);
        var leadership = new Leadership(log);
        var absence = new LeaderAbsence(leadership, book, log, new ElectionTiming(options.RaftTickMs));
        var queries = new StateQueries(log, machine, absence);
        var terms = new LeaderTerms(log, leadership, machine, tuning.LeaseClock, options.SilentMajorityHoldSeconds * 1_000L);
        var clocks = new ClockExchange(time, new MemberClocks(book, channels, identity), log, tuning.Clock,
            loggers.CreateLogger<ClockExchange>());
        metrics.Observe(time, clocks);

        var queue = new RoomQueue(options.MaxWaitingRooms, time);
        feed.Add(queue);
        var fleet = new Fleet(tuning.LeaseClock, leadership, queue, metrics);
        feed.Add(fleet);
        var limits = new PipelineLimits(options.MaxCommandsPerEntry, options.MaxEntryBytes, options.MaxEntriesInFlight,
            options.MaxWaitingCommands, WaitingBytes);
        var pipeline = new CommandPipeline(log, leadership, fleet, time, limits, metrics, loggers.CreateLogger<CommandPipeline>());
        var forwarder = new LeaderForwarder(leadership, absence, book, channels, identity, metrics);
        var bounds = new StateBounds(new StateLimits(options.MaxRooms, (long)options.MaxMetadataMegabytes << 20, options.MaxRequestResults),
            machine, queries);
        var unplaced = new UnplacedCommands(machine, queries);
        Observe(metrics, machine, bounds, queue, unplaced);
        var refusals = new RefusalRecorder(pipeline, leadership, queries, new RefusalReport(leadership, book, channels, identity), metrics,
            tuning.Clock, loggers.CreateLogger<RefusalRecorder>());
        var positions = new PositionExchange(log, book, channels, identity);
        var subscriptions = new EventSubscriptions(
            Path.Combine(directory.Path, "subscribers"), events.Reader, leadership, positions, tuning.Clock,
                loggers.CreateLogger<EventSubscriptions>());
        subscriptions.Observe(metrics);
        fatal.Watch(log.Fatal);
        fatal.Watch(events.Fatal);
        return new ReplicaCore
        {
            Options = options,
            Cluster = cluster,
            DirectoryPath = directory.Path,
            Tls = tls,
            Loggers = loggers,
            Metrics = metrics,
            Gate = gate,
            StopForEver = fatal.Stop,
            Clock = tuning.Clock,
            LeaseClock = tuning.LeaseClock,
            Time = time,
            Clocks = clocks,
            Log = log,
            Machine = machine,
            Queries = queries,
            Events = events,
            Subscriptions = subscriptions,
            Book = book,
            Channels = channels,
            Identity = identity,
            Leadership = leadership,
            Absence = absence,
            Terms = terms,
            Forwarder = forwarder,
            Fleet = fleet,
            Queue = queue,
            Loads = new NodeLoads(tuning.Clock),
            Pipeline = pipeline,
            Commands = new LoopCommands(pipeline),
            Bounds = bounds,
            Refusals = refusals,
            Mutations = new Mutations(pipeline, leadership, forwarder, gate, bounds, new FirstComparison(time), refusals, unplaced),
        };
    }

    private static void Observe(ReplicaMetrics metrics, ControlPlaneStateMachine machine, StateBounds bounds, RoomQueue queue,
        UnplacedCommands unplaced)
    {
        metrics.Gauge("videoscale_request_results", "Answers kept for retries", () => (ulong)machine.Size.Answers);
        metrics.Gauge("videoscale_request_results_bytes", "Bytes of them, as in snapshots", () => (ulong)machine.Size.AnswerBytes);
        metrics.Gauge("videoscale_state_rooms", "Rooms held, closed ones too while they are remembered", () => (ulong)machine.Size.Rooms);
        metrics.Gauge("videoscale_state_metadata_bytes", "Bytes of the rooms' metadata", () => (ulong)machine.Size.MetadataBytes);
        metrics.Gauge("videoscale_state_bounds_refused", "Calls refused because state is at a bound", () => (ulong)bounds.Refused);
        metrics.Gauge("videoscale_rooms_waiting", "Open rooms that wait for a node", () => (ulong)queue.Waiting);
        metrics.Counter("videoscale_rooms_refused_full", "Rooms refused because as many wait as may", () => unplaced.Refused);
    }

    private static EventLog.EventLog OpenEvents(ILogDirectory directory, ClusterFiles cluster)
    {
        var path = Path.Combine(directory.Path, ClusterFiles.EventsName);
        try { return EventLog.EventLog.Open(path, cluster.ClusterNumber); }
        catch (EventLog.EventLogException e) { throw new StartupException(ExitCode.DataDirectory, e.Message, e); }
    }
}
