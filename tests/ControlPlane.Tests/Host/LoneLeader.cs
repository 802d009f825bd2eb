using Microsoft.Extensions.Logging.Abstractions;
using VideoScale.Consensus.InMemory;
using VideoScale.ControlPlane.Commands;
using VideoScale.ControlPlane.Events;
using VideoScale.ControlPlane.Host.Clocks;
using VideoScale.ControlPlane.Host.Fleets;
using VideoScale.ControlPlane.Host.Leader;
using VideoScale.ControlPlane.Host.Observability;
using VideoScale.ControlPlane.Host.Replication;
using VideoScale.ControlPlane.Host.Waiting;
using VideoScale.ControlPlane.Nodes;
using VideoScale.ControlPlane.State;
using VideoScale.ControlPlane.Tests.Core;
using VideoScale.Model;
using EventFiles = VideoScale.ControlPlane.Host.EventLog.EventLog;

namespace VideoScale.ControlPlane.Tests.HostTests;

/// <summary>
/// A leader's state machine and pipeline on a log in memory, without sockets and loops: a test makes the loop that it steps.
/// </summary>
internal sealed class LoneLeader : IStateListener, IAsyncDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("videoscale-leader-").FullName;
    private readonly EventFiles _files;

    internal LoneLeader(PipelineLimits? limits = null, Func<Fleet, IRoomPlacer>? placer = null, int mayWait = int.MaxValue)
    {
        _files = EventFiles.Open(_root, 7);
        Machine = new ControlPlaneStateMachine(_files, new StateFeed(), Metrics);
        Machine.Feed.Add(this);
        Log = new InMemoryReplicatedLog(Machine);
        Leadership = new Leadership(Log);
        Time = new LogTimeSource(TimeProvider.System, Clock);
        Queue = new RoomQueue(mayWait, Time);
        Machine.Feed.Add(Queue);
        Fleet = new Fleet(Clock, Leadership, Queue, Metrics);
        Machine.Feed.Add(Fleet);
        limits ??= new(64, 1 << 20, 4, 1_000, 1 << 20);
        Pipeline = new CommandPipeline(Log, Leadership, placer?.Invoke(Fleet) ?? Fleet, Time, limits, Metrics,
            NullLogger<CommandPipeline>.Instance);
        Terms = new LeaderTerms(Log, Leadership, Machine, Clock);
        Queries = new StateQueries(Log, Machine);
    }

    internal SetClock Clock { get; } = new();
    internal ReplicaMetrics Metrics { get; } = new("1");
    internal ControlPlaneStateMachine Machine { get; }
    internal InMemoryReplicatedLog Log { get; }
    internal Leadership Leadership { get; }
    internal LogTimeSource Time { get; }
    internal Fleet Fleet { get; }
    internal RoomQueue Queue { get; }
    internal CommandPipeline Pipeline { get; }
    internal LeaderTerms Terms { get; }
    internal StateQueries Queries { get; }
    internal List<DomainEvent> Happened { get; } = [];

    internal Task LeadsAsync() => Eventually.HoldsAsync(() => Leadership.IsMine, "it leads");

    internal async Task RegisterAsync(string node, ulong bitrateKbps = 10_000_000)
    {
        var command = new NodeCommand.Register(Bed.Describe(node, bitrateKbps: bitrateKbps));
        Assert.Null((await Pipeline.SubmitAsync(new(command, new Actor(node, ActorKind.Node, ActorAuthMethod.Token)),
            CancellationToken.None)).Reply!.Failure);
    }

    public void OnApplied(ulong appliedIndex, IReadOnlyList<AppliedEvent> events, ClusterState state) =>
        Happened.AddRange(events.Select(applied => applied.Event));

    public void OnRestored(ulong appliedIndex, ClusterState state) { }

    public async ValueTask DisposeAsync()
    {
        await Pipeline.DisposeAsync();
        await Log.DisposeAsync();
        await Leadership.DisposeAsync();
        Machine.Dispose();
        _files.Dispose();
        Metrics.Dispose();
        Directory.Delete(_root, recursive: true);
    }
}
