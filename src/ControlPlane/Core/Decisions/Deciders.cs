using VideoScale.ControlPlane.Cluster;
using VideoScale.ControlPlane.Commands;
using VideoScale.ControlPlane.Drain;
using VideoScale.ControlPlane.Keys;
using VideoScale.ControlPlane.Nodes;
using VideoScale.ControlPlane.Participants;
using VideoScale.ControlPlane.Pools;
using VideoScale.ControlPlane.Rebalancing;
using VideoScale.ControlPlane.Rooms;
using VideoScale.ControlPlane.State;
using VideoScale.ControlPlane.Webhooks;
using VideoScale.Model;

namespace VideoScale.ControlPlane.Decisions;

/// <summary>The one door from commands to decisions. Pure: state, command and entry in, decision out.</summary>
public static class Deciders
{
    public static Decision Decide(ClusterState state, DomainCommand command, in EntryContext entry)
    {
        if (entry.DecidedInTerm != 0 && entry.DecidedInTerm != entry.Term)
            return Failure.Precondition($"decided in term {entry.DecidedInTerm}, but this is term {entry.Term}");
        if (MustBeDecidedByLeader(command) && entry.DecidedInTerm == 0)
            return Failure.Denied($"{command.Type} is decided by the leader alone");
        return command switch
        {
            ParticipantCommand c => ParticipantDecider.Decide(state, c, entry),
            RoomCommand c => RoomDecider.Decide(state, c, entry),
            NodeCommand c => NodeDecider.Decide(state, c, entry),
            DrainCommand c => DrainDecider.Decide(state, c, entry),
            PoolCommand c => PoolDecider.Decide(state, c, entry),
            ClusterCommand c => ClusterDecider.Decide(state, c, entry),
            RebalanceCommand c => RebalanceDecider.Decide(state, c, entry),
            KeyCommand c => KeyDecider.Decide(state, c, entry),
            WebhookCommand c => WebhookDecider.Decide(state, c, entry),
            _ => throw new UnknownCommandException((uint)command.Type),
        };
    }

    /// <summary>Commands of leader loops: they rest on what only that leader, in that term, knows (leases, load, deadlines).</summary>
    public static bool MustBeDecidedByLeader(DomainCommand command) => command is
        RoomCommand.Assign or RoomCommand.Revoke or RoomCommand.ExpireOwnership or RoomCommand.CloseEmpty
            or RoomCommand.RecordPlacementFailure
        or ParticipantCommand.ExpireSeat
        or NodeCommand.Suspect or NodeCommand.Recover or NodeCommand.DeclareLost or NodeCommand.Leave
        or DrainCommand.TimeOut or DrainCommand.Complete or DrainCommand.RecordBlocked
        or PoolCommand.RequestLaunch or PoolCommand.RecordLaunched or PoolCommand.RecordLaunchFailed or PoolCommand.ReleaseNode
            or PoolCommand.KeepNode or PoolCommand.RequestTermination or PoolCommand.RecordTerminated
        or ClusterCommand.RecordLeadership or ClusterCommand.MarkCheckpoint or ClusterCommand.CommitCheckpoint
            or ClusterCommand.RecordDivergence
        or WebhookCommand.Add or WebhookCommand.Advance
        or RebalanceCommand.MoveRoom;
}
