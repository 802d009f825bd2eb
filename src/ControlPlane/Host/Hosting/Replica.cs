using Microsoft.Extensions.Logging;
using VideoScale.Consensus;
using VideoScale.ControlPlane.Host.Bounds;
using VideoScale.ControlPlane.Host.Checkpoints;
using VideoScale.ControlPlane.Host.Clocks;
using VideoScale.ControlPlane.Host.Cluster;
using VideoScale.ControlPlane.Host.Drain;
using VideoScale.ControlPlane.Host.EventLog.Backfill;
using VideoScale.ControlPlane.Host.Leader;
using VideoScale.ControlPlane.Host.Leases;
using VideoScale.ControlPlane.Host.Members;
using VideoScale.ControlPlane.Host.Nodes;
using VideoScale.ControlPlane.Host.Observability;
using VideoScale.ControlPlane.Host.Options;
using VideoScale.ControlPlane.Host.Placement;
using VideoScale.ControlPlane.Host.Refusals;
using VideoScale.ControlPlane.Host.Replication;
using VideoScale.ControlPlane.Host.Rooms;
using VideoScale.ControlPlane.Host.Serving;
using VideoScale.ControlPlane.Host.Subscriptions;
using VideoScale.Gateway;
using VideoScale.Gateway.Tokens;
using VideoScale.Rpc;

namespace VideoScale.ControlPlane.Host.Hosting;

/// <summary>One replica's parts, put together by hand: from the log at the bottom to the services at the top.</summary>
internal sealed class Replica : IAsyncDisposable
{
    /// <summary>Of commands that wait for the log: as many of the largest kind as fit, however many small ones may wait.</summary>
    private const long WaitingBytes = 64 << 20;
    private readonly ILogDirectory _directory;
    private readonly Background _background;
    private int _disposed;

    internal Replica(ControlPlaneOptions options, ClusterFiles cluster, ILogDirectory directory, ReplicaTuning tuning, TlsMaterial? tls,
        string? replicaToken, ILoggerFactory loggers)
    {
        _directory = directory;
        Cluster = cluster;
        Tls = tls;
        Metrics = new ReplicaMetrics(cluster.Self.ToString());
        Fatal = new FatalStop(Gate, cluster.Self.ToString(), tuning.EndsProcess, tuning.LastWords);
        Channels = new ChannelPool(tls);
        Events = OpenEvents(directory, cluster);
        Feed = new StateFeed();
        Machine = new ControlPlaneStateMachine(Events, Feed, Metrics, tuning.Hooks);
        Machine.Diverged += Quarantine;
        Clock = tuning.Clock;
        Time = new LogTimeSource(tuning.Clock, tuning.LeaseClock);
        Machine.TimePassed = Time.Observed;
        Log = LogStart.Start(options, cluster, directory, Events.ReachesIndex, Machine, loggers);
        Metrics.Observe(Log);
        Book = new MemberBook(cluster, Log);
        Leadership = new Leadership(Log);
        var timing = new ElectionTiming(options.RaftTickMs);
        Absence = new LeaderAbsence(Leadership, Book, Log, timing);
        Queries = new StateQueries(Log, Machine, Absence);
        SilentMajorityHold = TimeSpan.FromSeconds(options.SilentMajorityHoldSeconds);
        LeaseClock = tuning.LeaseClock;
        Terms = new LeaderTerms(Log, Leadership, Machine, tuning.LeaseClock, (long)SilentMajorityHold.TotalMilliseconds);
        Fleet = new Fleet(tuning.LeaseClock, Leadership, Metrics);
        Feed.Add(Fleet);
        Loads = new NodeLoads(tuning.Clock);
        Pipeline = new CommandPipeline(Log, Leadership, Fleet, Time,
            new PipelineLimits(options.MaxCommandsPerEntry, options.MaxEntryBytes, options.MaxEntriesInFlight, options.MaxWaitingCommands,
                WaitingBytes), Metrics, loggers.CreateLogger<CommandPipeline>());
        Identity = new ReplicaIdentity(replicaToken);
        Clocks = new ClockExchange(Time, new MemberClocks(Book, Channels, Identity), Log, tuning.Clock,
            loggers.CreateLogger<ClockExchange>());
        Metrics.Observe(Time, Clocks);
        Forwarder = new LeaderForwarder(Leadership, Absence, Book, Channels, Identity, Metrics);
        Bounds = new StateBounds(new StateLimits(options.MaxRooms, (long)options.MaxMetadataMegabytes << 20, options.MaxRequestResults),
            Machine, Queries);
        Refusals = new RefusalRecorder(Pipeline, Leadership, Queries, new RefusalReport(Leadership, Book, Channels, Identity), Metrics,
            tuning.Clock, loggers.CreateLogger<RefusalRecorder>());
        Mutations = new Mutations(Pipeline, Leadership, Forwarder, Gate, Bounds, new FirstComparison(Time), Refusals);
        Metrics.Gauge("videoscale_request_results", "Answers kept for retries", () => (ulong)Machine.Size.Answers);
        Metrics.Gauge("videoscale_request_results_bytes", "Bytes of them, as in snapshots", () => (ulong)Machine.Size.AnswerBytes);
        Metrics.Gauge("videoscale_state_rooms", "Rooms held, closed ones too while they are remembered", () => (ulong)Machine.Size.Rooms);
        Metrics.Gauge("videoscale_state_metadata_bytes", "Bytes of the rooms' metadata", () => (ulong)Machine.Size.MetadataBytes);
        Metrics.Gauge("videoscale_state_bounds_refused", "Calls refused because state is at a bound", () => (ulong)Bounds.Refused);
        RoomMutations = new RoomMutations(Mutations, Queries);
        RoomReads = new RoomReads(Queries, Gate);
        Members = new MemberChanges(Log, Leadership, Mutations, Book, timing, directory);
        RoomWatches = new RoomWatches(Queries, options.WatchBuffer, Metrics);
        NodeWatches = new NodeWatches(Queries, options.WatchBuffer, Metrics);
        Feed.Add(RoomWatches);
        Feed.Add(NodeWatches);
        Metrics.Gauge("videoscale_watchers", "Watch streams being served", () => (ulong)(RoomWatches.Count + NodeWatches.Count));
        Metrics.Gauge("videoscale_watchers_offered", "Changes put before watchers",
            () => (ulong)(RoomWatches.Offered + NodeWatches.Offered));
        Hub = new AgentHub(Log, Machine, Terms, Forwarder);
        Grants = new LeaseGrants(Log, Machine, Terms, Hub, tuning.LeaseClock);
        var commands = new LoopCommands(Pipeline);
        Leases = new LeaseLoop(Terms, Queries, commands, Hub, Time, tuning.LeaseClock, tuning.Clock, loggers.CreateLogger<LeaseLoop>());
        Metrics.Observe(Leases);
        HandOver = new HandOverLoop(Terms, Queries, commands, tuning.LeaseClock, tuning.Clock, loggers.CreateLogger<HandOverLoop>());
        Placement = new PlacementLoop(Terms, Queries, commands, Fleet, Feed, tuning.Clock, loggers.CreateLogger<PlacementLoop>());
        Drains = new DrainLoop(Terms, Queries, commands, Fleet, Time, Feed, tuning.Clock, loggers.CreateLogger<DrainLoop>());
        Housekeeping = new HousekeepingLoop(Terms, Queries, commands, Time, tuning.Clock, loggers.CreateLogger<HousekeepingLoop>());
        Checkpoints = new CheckpointLoop(Terms, Queries, commands, Log, Machine, Fatal.Stop, tuning.Clock,
            loggers.CreateLogger<CheckpointLoop>());
        Recorder = new LeadershipRecorder(Terms, Queries, commands, Log, tuning.Clock, loggers.CreateLogger<LeadershipRecorder>());
        Reporter = new HashReporter(Log, Leadership, Machine, Book, Channels, Identity, Fatal.Stop, loggers.CreateLogger<HashReporter>());
        Explainer = new PlacementExplainer(Queries, Events.Reader, Fleet);
        Audit = new Audit.AuditService(Events, absence: Absence);
        Subscriptions = OpenSubscriptions(directory, tuning, loggers);
        Gateway = OpenGateway(options, loggers);
        Backfill = new SegmentBackfill(Events, SegmentSources, tuning.Clock, loggers.CreateLogger<SegmentBackfill>());
        Membership = new MembershipLoop(Log, cluster, directory.Path, Book, Channels, Identity, Fatal.Stop, tuning.Clock,
            loggers.CreateLogger<MembershipLoop>());
        Fatal.Watch(Log.Fatal);
        Fatal.Watch(Events.Fatal);
        _background = new Background(Fatal);
        if (File.Exists(QuarantinePath)) Quarantine(File.ReadAllText(QuarantinePath));
    }

    /// <summary>While it is there, this replica answers nothing and does not vote.</summary>
    private string QuarantinePath => Path.Combine(_directory.Path, "quarantined");

    internal ClusterFiles Cluster { get; }
    internal TlsMaterial? Tls { get; }
    internal MemberBook Book { get; }
    internal MemberChanges Members { get; }
    internal MembershipLoop Membership { get; }
    internal ServingGate Gate { get; } = new();
    internal FatalStop Fatal { get; }
    internal ReplicaMetrics Metrics { get; }
    internal ChannelPool Channels { get; }
    internal EventLog.EventLog Events { get; }
    internal StateFeed Feed { get; }
    internal TimeProvider Clock { get; }
    internal LeaseClock LeaseClock { get; }
    internal TimeSpan SilentMajorityHold { get; }
    internal LogTimeSource Time { get; }
    internal ClockExchange Clocks { get; }
    internal ControlPlaneStateMachine Machine { get; }
    internal IReplicatedLog Log { get; }
    internal Leadership Leadership { get; }
    internal LeaderAbsence Absence { get; }
    internal StateQueries Queries { get; }
    internal LeaderTerms Terms { get; }
    internal Fleet Fleet { get; }
    internal NodeLoads Loads { get; }
    internal CommandPipeline Pipeline { get; }
    internal ReplicaIdentity Identity { get; }
    internal LeaderForwarder Forwarder { get; }
    internal Mutations Mutations { get; }
    internal RoomMutations RoomMutations { get; }
    internal RoomReads RoomReads { get; }
    internal StateBounds Bounds { get; }
    internal RefusalRecorder Refusals { get; }
    internal RoomWatches RoomWatches { get; }
    internal NodeWatches NodeWatches { get; }
    internal AgentHub Hub { get; }
    internal LeaseGrants Grants { get; }
    internal LeaseLoop Leases { get; }
    internal HandOverLoop HandOver { get; }
    internal PlacementLoop Placement { get; }
    internal DrainLoop Drains { get; }
    internal HousekeepingLoop Housekeeping { get; }
    internal CheckpointLoop Checkpoints { get; }
    internal LeadershipRecorder Recorder { get; }
    internal HashReporter Reporter { get; }
    internal PlacementExplainer Explainer { get; }
    internal Audit.AuditService Audit { get; }
    internal SegmentBackfill Backfill { get; }
    internal EventSubscriptions Subscriptions { get; }
    internal GatewayEndpoints Gateway { get; }
    internal Dashboard.PageEndpoints Page { get; private set; } = null!;

    /// <summary>A leader is known and what is committed is applied here, all but what is on its way.</summary>
    internal bool IsReady
    {
        get
        {
            const ulong OnItsWay = 4_096;
            var status = Log.Status;
            return Gate.IsOpen && !status.Repairing && status.Membership.IsMember(Cluster.Self) && !Leadership.Now.Leader.IsNone
                && status.AppliedIndex + OnItsWay >= status.CommitIndex;
        }
    }

    internal void StartLoops()
    {
        foreach (var loop in (LeaderLoop[])[Leases, HandOver, Placement, Drains, Housekeeping, Checkpoints, Recorder])
            _background.Run(loop.RunAsync);
        _background.Run(Clocks.RunAsync);
        _background.Run(Grants.RunAsync);
        _background.Run(Reporter.RunAsync);
        _background.Run(Refusals.RunAsync);
        _background.Run(Backfill.RunAsync);
        _background.Run(Membership.RunAsync);
        _background.Run(Subscriptions.RunAsync);
        _background.Run(new LeaderlessStreams(Leadership, Absence, EndWatches).RunAsync);
    }

    /// <summary>Streams end so that their callers go elsewhere.</summary>
    internal void EndStreams()
    {
        Hub.EndAll(Grpc.Core.StatusCode.Unavailable, "this replica is stopping");
        EndWatches("this replica is stopping; ask another one");
    }

    private void EndWatches(string why)
    {
        RoomWatches.EndAll(why);
        NodeWatches.EndAll(why);
        Audit.EndAll(why);
    }

    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0) return;
        await _background.DisposeAsync();
        await Pipeline.DisposeAsync();
        await Log.DisposeAsync();
        await Leadership.DisposeAsync();
        Audit.Dispose();
        Events.Dispose();
        Machine.Dispose();
        Channels.Dispose();
        Metrics.Dispose();
        _directory.Dispose();
    }

    /// <summary>
    /// This replica's state is not the majority's: it answers nothing any more and does not lead. Its log still serves the others.
    /// </summary>
    private void Quarantine(string difference)
    {
        Gate.Quarantine($"its state differs from the majority's: {difference}");
        File.WriteAllText(QuarantinePath, difference); // a restart does not make the state right
        Console.Error.WriteLine(
            $"replica {Cluster.Self} quarantines itself: {difference}; keep its data directory for analysis and let the replica join anew");
        Log.Abstain();
    }

    private EventSubscriptions OpenSubscriptions(ILogDirectory directory, ReplicaTuning tuning, ILoggerFactory loggers)
    {
        var exchange = new PositionExchange(Log, Book, Channels, Identity);
        var subscriptions = new EventSubscriptions(Path.Combine(directory.Path, "subscribers"), Events.Reader, Leadership, exchange,
            tuning.Clock, loggers.CreateLogger<EventSubscriptions>());
        subscriptions.Observe(Metrics);
        try
        {
            foreach (var subscriber in (EventSubscriber[])[new FleetNotices(loggers.CreateLogger<FleetNotices>()).Subscriber,
                .. tuning.Subscribers]) subscriptions.Add(subscriber);
        }
        catch (InvalidDataException e) { throw new StartupException(ExitCode.DataDirectory, e.Message, e); }
        return subscriptions;
    }

    private GatewayEndpoints OpenGateway(ControlPlaneOptions options, ILoggerFactory loggers)
    {
        var keys = options.ApiKeys.Select(static key => new ApiKey(key.Key, key.Secret)).ToList();
        if (options.DevelopmentMode && keys.TrueForAll(static key => key.Key != ApiKeyOptions.Development.Key))
            keys.Add(new ApiKey(ApiKeyOptions.Development.Key, ApiKeyOptions.Development.Secret));
        var commands = new GatewayCommands(RoomMutations, RoomReads, Fatal.Stop, Metrics, loggers.CreateLogger<GatewayCommands>());
        var ports = new GatewayPorts(commands, new RoomPlaces(Queries, Feed, () => IsReady), new GatewayHealth(Gate, Absence), Channels,
            Identity.Own);
        var gateway = new GatewayEndpoints(ports, new GatewaySettings(keys, options.AllowRemoteUnmute), loggers);
        var events = new Dashboard.EventTicker();
        Subscriptions.Add(events.Subscriber);
        Page = new Dashboard.PageEndpoints(options.DevelopmentMode, new Dashboard.FleetPage(Queries, Leadership, Book, Loads, Fleet),
            events, gateway);
        return gateway;
    }

    private IReadOnlyList<ISegmentSource> SegmentSources() =>
        [.. Book.Peers.Where(peer => peer.Member != Cluster.Self && peer.GrpcAddress.Length > 0)
        .Select(peer => new GrpcSegmentSource(new V1.ReplicaService.ReplicaServiceClient(Channels.Get(peer.GrpcAddress)), Identity.Own))];

    private static EventLog.EventLog OpenEvents(ILogDirectory directory, ClusterFiles cluster)
    {
        var path = Path.Combine(directory.Path, "events");
        try { return EventLog.EventLog.Open(path, cluster.ClusterNumber); }
        catch (EventLog.EventLogException e) { throw new StartupException(ExitCode.DataDirectory, e.Message, e); }
    }
}
