using Microsoft.Extensions.Logging;
using VideoScale.Consensus;
using VideoScale.ControlPlane.Host.Bounds;
using VideoScale.ControlPlane.Host.Clocks;
using VideoScale.ControlPlane.Host.Cluster;
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

namespace VideoScale.ControlPlane.Host.Features;

/// <summary>
/// What every feature of a replica may use: the log, what it is folded into, the way of commands, who leads. Made by
/// <c>Hosting/CoreParts.cs</c>.
/// </summary>
internal sealed record ReplicaCore
{
    // Where and who.
    internal required ControlPlaneOptions Options { get; init; }
    internal required ClusterFiles Cluster { get; init; }
    internal required string DirectoryPath { get; init; }
    internal required TlsMaterial? Tls { get; init; }
    internal required ILoggerFactory Loggers { get; init; }
    internal required ReplicaMetrics Metrics { get; init; }
    internal required ServingGate Gate { get; init; }

    /// <summary>For what no round that follows can mend.</summary>
    internal required Action<Exception> StopForEver { get; init; }

    // Time.
    internal required TimeProvider Clock { get; init; }
    internal required LeaseClock LeaseClock { get; init; }
    internal required LogTimeSource Time { get; init; }
    internal required ClockExchange Clocks { get; init; }

    // The log, and what becomes of it.
    internal required IReplicatedLog Log { get; init; }
    internal required ControlPlaneStateMachine Machine { get; init; }
    internal required StateQueries Queries { get; init; }
    internal required EventLog.EventLog Events { get; init; }
    internal required EventSubscriptions Subscriptions { get; init; }

    // Who is a member, who leads.
    internal required MemberBook Book { get; init; }
    internal required ChannelPool Channels { get; init; }
    internal required ReplicaIdentity Identity { get; init; }
    internal required Leadership Leadership { get; init; }
    internal required LeaderAbsence Absence { get; init; }
    internal required LeaderTerms Terms { get; init; }
    internal required LeaderForwarder Forwarder { get; init; }

    // The way of commands.
    internal required Fleet Fleet { get; init; }
    internal required RoomQueue Queue { get; init; }
    internal required NodeLoads Loads { get; init; }
    internal required CommandPipeline Pipeline { get; init; }
    internal required LoopCommands Commands { get; init; }
    internal required StateBounds Bounds { get; init; }
    internal required RefusalRecorder Refusals { get; init; }
    internal required Mutations Mutations { get; init; }

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
}
