using System.Diagnostics;
using VideoScale.ControlPlane.Commands;
using VideoScale.ControlPlane.Nodes;
using VideoScale.ControlPlane.Outcomes;
using VideoScale.ControlPlane.Placement;
using VideoScale.ControlPlane.Rooms;
using VideoScale.ControlPlane.State;
using VideoScale.Model;

namespace VideoScale.ControlPlane.Decisions;

/// <summary>
/// Membership and health of media nodes. See docs/ownership.md for why a new process of a name waits for the old one's lease.
/// </summary>
public static class NodeDecider
{
    public static Decision Decide(ClusterState state, NodeCommand command, in EntryContext entry)
    {
        if (NameRule.Check("node_id", command.Node.Value) is { } wrong) return wrong;
        if (command is NodeCommand.Register register) return Register(state, register.Description, entry);
        if (state.FindNode(command.Node) is not { } node) return Failure.NotFound($"node {command.Node}");
        return command switch
        {
            NodeCommand.Suspect c => Suspect(node.Record, c, entry),
            NodeCommand.Recover c => Recover(node.Record, c, entry),
            NodeCommand.DeclareLost c => DeclareLost(node, c, entry),
            NodeCommand.Leave c => Leave(node, c, entry),
            NodeCommand.Cordon => Cordon(node.Record, entry),
            NodeCommand.Uncordon => Uncordon(node.Record, entry),
            NodeCommand.Deregister => Deregister(node, entry),
            _ => throw new UnreachableException(command.ToString()),
        };
    }

    public static CommandOutcome Show(NodeRecord node) => new() { Node = node.Id, Scheduling = node.Scheduling };

    public static Failure? Check(NodeDescription description) =>
        NameRule.Check("node_id", description.Node.Value)
        ?? Rules.InRange("incarnation", description.Incarnation, 1, ulong.MaxValue)
        ?? Rules.OptionalName("region", description.Region)
        ?? Rules.OptionalName("zone", description.Zone)
        ?? Rules.Address("address", description.Address)
        ?? Rules.InRange("capacity.publishers", description.Capacity.Publishers, 1, Capacity.MaxPublishers)
        ?? Rules.InRange("capacity.subscribers", description.Capacity.Subscribers, 1, Capacity.MaxSubscribers)
        ?? Rules.InRange("capacity.bitrate_kbps", description.Capacity.BitrateKbps, 1, Capacity.MaxBitrateKbps);

    private static Decision Register(ClusterState state, NodeDescription description, in EntryContext entry)
    {
        if (Check(description) is { } wrong) return wrong;
        if (state.FindNode(description.Node) is { } known)
        {
            var record = known.Record;
            if (record.Incarnation == description.Incarnation)
            {
                if (record.IsGone) return Fenced(description);
                return record.Description == description
                    ? Decision.Nothing(Show(record))
                    : Failure.Precondition(
                        $"incarnation {description.Incarnation} of node {description.Node} is registered with other attributes: a "
                        + $"changed node starts anew");
            }
            if (record.FencedIncarnations.Contains(description.Incarnation)) return Fenced(description);
            if (known.Rooms.Count > 0)
                return Failure.Precondition(
                    $"incarnation {record.Incarnation} of node {description.Node} still holds {known.Rooms.Count} rooms: its lease has "
                    + $"to end first");
        }
        // What its provider is about to end must not come back to life in between.
        foreach (var pool in state.Pools)
            if (pool.IsOver(description.Node))
                return Failure.Precondition($"instance {description.Node} of pool {pool.Pool} is over: its provider was asked to end it");
        var events = new DecidedEvents(entry);
        events.Add(new NodeEvent.Registered(description));
        return Decision.Of(events, new()
        {
            Node = description.Node,
            Scheduling = state.FindNode(description.Node)?.Record.Scheduling ?? NodeScheduling.Active,
        });
    }

    private static Failure Fenced(NodeDescription description) =>
        Failure.Precondition($"incarnation {description.Incarnation} of node {description.Node} was fenced: drop all rooms and start anew");

    private static Failure? CheckIncarnation(NodeRecord node, ulong incarnation) =>
        node.Incarnation == incarnation ? null
            : Failure.Precondition($"node {node.Id} is incarnation {node.Incarnation} now, not {incarnation}");

    private static Decision Suspect(NodeRecord node, NodeCommand.Suspect suspect, in EntryContext entry)
    {
        if (CheckIncarnation(node, suspect.Incarnation) is { } stale) return stale;
        return node.Health == NodeHealth.Healthy ? One(new NodeEvent.Suspected(node.Id, node.Incarnation), Show(node), entry)
            : Decision.Nothing(Show(node));
    }

    private static Decision Recover(NodeRecord node, NodeCommand.Recover recover, in EntryContext entry)
    {
        if (CheckIncarnation(node, recover.Incarnation) is { } stale) return stale;
        return node.Health switch
        {
            NodeHealth.Suspected => One(new NodeEvent.Recovered(node.Id, node.Incarnation), Show(node), entry),
            NodeHealth.Lost or NodeHealth.Left =>
                Failure.Precondition($"node {node.Id} is {node.Health.ToString().ToLowerInvariant()}: its process has to start anew"),
            _ => Decision.Nothing(Show(node)),
        };
    }

    private static Decision DeclareLost(NodeState node, NodeCommand.DeclareLost lost, in EntryContext entry)
    {
        var record = node.Record;
        if (CheckIncarnation(record, lost.Incarnation) is { } stale) return stale;
        if (lost.Reason is not (LossReason.LeaseEnded or LossReason.Superseded))
            return Failure.InvalidArgument($"reason: {(byte)lost.Reason} breaks the rule: 1 (lease ended) or 2 (superseded)");
        if (record.IsGone) return Decision.Nothing(Show(record));
        var events = new DecidedEvents(entry);
        var cause = events.Add(new NodeEvent.Lost(record.Id, record.Incarnation, lost.Reason, (uint)node.Rooms.Count));
        foreach (var room in node.Rooms.InOrder()) RoomDecider.AddRelease(events, room.Record, ReleaseKind.NodeLost, cause);
        return Decision.Of(events, Show(record) with { Rooms = (uint)node.Rooms.Count });
    }

    private static Decision Leave(NodeState node, NodeCommand.Leave leave, in EntryContext entry)
    {
        var record = node.Record;
        if (CheckIncarnation(record, leave.Incarnation) is { } stale) return stale;
        if (record.IsGone) return Decision.Nothing(Show(record));
        if (node.Rooms.Count > 0) return Failure.Precondition($"node {record.Id} still holds {node.Rooms.Count} rooms: it has not left");
        return One(new NodeEvent.Left(record.Id, record.Incarnation), Show(record), entry);
    }

    private static Decision Cordon(NodeRecord node, in EntryContext entry) => node.Scheduling switch
    {
        NodeScheduling.Active => One(new NodeEvent.Cordoned(node.Id), Show(node) with { Scheduling = NodeScheduling.Cordoned }, entry),
        NodeScheduling.Cordoned => Decision.Nothing(Show(node)),
        _ => Failure.Precondition($"node {node.Id} is {node.Scheduling}: it takes no rooms already"),
    };

    private static Decision Uncordon(NodeRecord node, in EntryContext entry) => node.Scheduling switch
    {
        NodeScheduling.Cordoned or NodeScheduling.Drained =>
            One(new NodeEvent.Uncordoned(node.Id), Show(node) with { Scheduling = NodeScheduling.Active }, entry),
        NodeScheduling.Active => Decision.Nothing(Show(node)),
        _ => Failure.Precondition($"node {node.Id} is {node.Scheduling}: cancel the drain instead"),
    };

    private static Decision Deregister(NodeState node, in EntryContext entry)
    {
        if (node.Rooms.Count > 0)
            return Failure.Precondition($"node {node.Record.Id} still holds {node.Rooms.Count} rooms: drain it first");
        return One(new NodeEvent.Deregistered(node.Record.Id, node.Record.Incarnation), Show(node.Record), entry);
    }

    private static Decision One(NodeEvent happened, CommandOutcome outcome, in EntryContext entry)
    {
        var events = new DecidedEvents(entry);
        events.Add(happened);
        return Decision.Of(events, outcome);
    }
}
