using Microsoft.Extensions.Logging;
using VideoScale.Consensus;
using VideoScale.ControlPlane.Host.Audit;
using VideoScale.ControlPlane.Host.Checkpoints;
using VideoScale.ControlPlane.Host.Cluster;
using VideoScale.ControlPlane.Host.Dashboard;
using VideoScale.ControlPlane.Host.Drain;
using VideoScale.ControlPlane.Host.Export;
using VideoScale.ControlPlane.Host.Features;
using VideoScale.ControlPlane.Host.Gateway;
using VideoScale.ControlPlane.Host.Keys;
using VideoScale.ControlPlane.Host.Leases;
using VideoScale.ControlPlane.Host.Members;
using VideoScale.ControlPlane.Host.Nodes;
using VideoScale.ControlPlane.Host.Notices;
using VideoScale.ControlPlane.Host.Options;
using VideoScale.ControlPlane.Host.Peers;
using VideoScale.ControlPlane.Host.Placement;
using VideoScale.ControlPlane.Host.Rebalancing;
using VideoScale.ControlPlane.Host.Replication;
using VideoScale.ControlPlane.Host.Rooms;
using VideoScale.ControlPlane.Host.Scaling;
using VideoScale.ControlPlane.Host.Serving;
using VideoScale.ControlPlane.Host.Webhooks;
using VideoScale.Rpc;

namespace VideoScale.ControlPlane.Host.Hosting;

/// <summary>One replica: its core, and the features on it. How to add one: docs/adding-a-feature.md.</summary>
internal sealed class Replica : IAsyncDisposable
{
    private readonly ILogDirectory _directory;
    private readonly FeatureRegistry _registry;
    private readonly Background _background;
    private readonly TaskCompletionSource<string> _diverged = new();
    private int _disposed;

    /// <param name="replicaToken">How it shows the others who it is; null when its certificate does.</param>
    internal Replica(ControlPlaneOptions options, ClusterFiles cluster, ILogDirectory directory, ReplicaTuning tuning, TlsMaterial? tls,
        string? replicaToken, ILoggerFactory loggers)
    {
        _directory = directory;
        var gate = new ServingGate();
        Fatal = new FatalStop(gate, cluster.Self.ToString(), tuning.EndsProcess, tuning.LastWords);
        Core = CoreParts.Make(options, cluster, directory, tuning, tls, replicaToken, gate, Fatal, why => _diverged.TrySetResult(why),
            loggers);
        _background = new Background(Fatal, loggers.CreateLogger<Background>());
        _registry = new FeatureRegistry(Core.Machine.Feed, Core.Subscriptions);
        foreach (var feature in Features(tuning)) feature.Register(_registry);
        Core.Log.Post(new ToldFromTheStart(Core.Machine));
        if (File.Exists(QuarantinePath)) _diverged.TrySetResult(File.ReadAllText(QuarantinePath));
        _diverged.Task.ContinueWith(why => Quarantine(why.Result), CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously,
            TaskScheduler.Default);
    }

    /// <summary>In the order in which they hear of state; loops start in it too, the leader's first.</summary>
    private IEnumerable<IFeature> Features(ReplicaTuning tuning)
    {
        var members = new MembersFeature(Core, _directory);
        Rooms = new RoomsFeature(Core);
        Checkpoints = new CheckpointsFeature(Core);
        var keys = new KeysFeature(Core);
        var gateway = new GatewayFeature(Core, Rooms, keys.Ring);
        var export = new ExportFeature(Core, tuning.ExportTarget?.Invoke(Core.Options.Export));
        return
        [
            Rooms,
            new NodesFeature(Core),
            new LeasesFeature(Core),
            new PlacementFeature(Core),
            new DrainFeature(Core),
            new RebalancingFeature(Core),
            new ScalingFeature(Core),
            Checkpoints,
            export,
            new AuditFeature(Core, export.Status),
            new NoticesFeature(Core),
            new WebhooksFeature(Core),
            keys,
            new CoreFeature(Core, tuning.Subscribers),
            members,
            new PeersFeature(Core, members.Changes, Checkpoints.Loop),
            new DashboardFeature(Core, gateway.Endpoints),
            gateway,
        ];
    }

    internal ReplicaCore Core { get; }
    internal FatalStop Fatal { get; }

    /// <summary>What the web host serves.</summary>
    internal EndpointRegistry Endpoints => _registry;

    // Tests look into these.
    internal RoomsFeature Rooms { get; private set; } = null!;
    internal CheckpointsFeature Checkpoints { get; private set; } = null!;

    internal void StartLoops()
    {
        foreach (var loop in _registry.Loops) _background.Run(loop);
    }

    /// <summary>Streams end so that their callers go elsewhere.</summary>
    internal void EndStreams() => _registry.Stop("this replica is stopping; ask another one");

    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0) return;
        await _background.DisposeAsync();
        await Core.Pipeline.DisposeAsync();
        await Core.Log.DisposeAsync();
        await Core.Leadership.DisposeAsync();
        await _registry.DisposeOwnedAsync();
        Core.Events.Dispose();
        Core.Machine.Dispose();
        Core.Channels.Dispose();
        Core.Metrics.Dispose();
        _directory.Dispose();
    }

    /// <summary>
    /// The log may have handed over a snapshot or entries before all who follow were there: once they are, all see the whole state.
    /// </summary>
    private sealed class ToldFromTheStart(ControlPlaneStateMachine machine) : IApplyWork
    {
        public void Run(ulong appliedIndex)
        {
            if (appliedIndex > 0) machine.Feed.PublishRestored(appliedIndex, machine.State);
        }
    }

    private string QuarantinePath => Path.Combine(_directory.Path, ClusterFiles.QuarantineName);

    /// <summary>
    /// This replica's state is not the majority's: it answers nothing any more and does not lead. Its log still serves the others.
    /// </summary>
    private void Quarantine(string difference)
    {
        Core.Gate.Quarantine($"its state differs from the majority's: {difference}");
        File.WriteAllText(QuarantinePath, difference); // a restart does not make the state right
        Console.Error.WriteLine(
            $"replica {Core.Cluster.Self} quarantines itself: {difference}; keep its data directory for analysis and let the replica "
            + $"join anew");
        Core.Log.Abstain();
    }
}
