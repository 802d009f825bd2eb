using System.Diagnostics;
using VideoScale.ControlPlane.Commands;
using VideoScale.ControlPlane.Drain;
using VideoScale.ControlPlane.Nodes;
using VideoScale.ControlPlane.Outcomes;
using VideoScale.ControlPlane.State;
using VideoScale.Model;

namespace VideoScale.ControlPlane.Decisions;

/// <summary>Empties a node without losing anybody. Reversible until it is completed. See docs/drain.md.</summary>
public static class DrainDecider
{
    public static Decision Decide(ClusterState state, DrainCommand command, in EntryContext entry)
    {
        if (NameRule.Check("node_id", command.Node.Value) is { } wrong) return wrong;
        if (state.FindNode(command.Node) is not { } node) return Failure.NotFound($"node {command.Node}");
        return command switch
        {
            DrainCommand.Begin c => Begin(node, c, entry),
            DrainCommand.SetDeadline c => SetDeadline(node, c, entry),
            DrainCommand.RecordBlocked c => RecordBlocked(node, c, entry),
            DrainCommand.Cancel => Cancel(node, entry),
            DrainCommand.TimeOut => TimeOut(node, entry),
            DrainCommand.Complete => Complete(node, entry),
            _ => throw new UnreachableException(command.ToString()),
        };
    }

    private static CommandOutcome Show(NodeState node) => new()
    {
        Node = node.Record.Id,
        Scheduling = node.Record.Scheduling,
        DeadlineMs = node.Record.DrainDeadlineMs,
        Rooms = (uint)node.Rooms.Count,
    };

    private static Decision Begin(NodeState node, DrainCommand.Begin begin, in EntryContext entry)
    {
        if (Rules.InRange("within_ms", begin.WithinMs, 0, DrainCommand.MaxWithinMs) is { } wrong) return wrong;
        // A repeat changes nothing; a running drain keeps its deadline.
        if (node.Record.Scheduling is NodeScheduling.Draining or NodeScheduling.Drained) return Decision.Nothing(Show(node));
        var deadline = entry.Time.UnixMs + (long)begin.WithinMs;
        var events = new DecidedEvents(entry);
        events.Add(new DrainEvent.Started(begin.Node, deadline, (uint)node.Rooms.Count));
        return Decision.Of(events, Show(node) with { Scheduling = NodeScheduling.Draining, DeadlineMs = deadline });
    }

    private static Decision SetDeadline(NodeState node, DrainCommand.SetDeadline set, in EntryContext entry)
    {
        if (Rules.InRange("within_ms", set.WithinMs, 0, DrainCommand.MaxWithinMs) is { } wrong) return wrong;
        if (node.Record.Scheduling != NodeScheduling.Draining) return Begin(node, new(set.Node, set.WithinMs), entry);
        var deadline = entry.Time.UnixMs + (long)set.WithinMs;
        if (deadline == node.Record.DrainDeadlineMs) return Decision.Nothing(Show(node));
        var events = new DecidedEvents(entry);
        events.Add(new DrainEvent.DeadlineChanged(set.Node, deadline, (uint)node.Rooms.Count), node.Record.Drain);
        return Decision.Of(events, Show(node) with { DeadlineMs = deadline });
    }

    private static Decision RecordBlocked(NodeState node, DrainCommand.RecordBlocked blocked, in EntryContext entry)
    {
        if (Rules.MaxLength("reason", blocked.Reason, DrainCommand.RecordBlocked.MaxReasonLength) is { } wrong) return wrong;
        if (node.Record.Scheduling != NodeScheduling.Draining)
            return Failure.Precondition($"node {node.Record.Id} is not being drained: it is {node.Record.Scheduling}");
        var events = new DecidedEvents(entry);
        events.Add(new DrainEvent.Blocked(blocked.Node, blocked.Rooms, blocked.Room, blocked.Reason), node.Record.Drain);
        return Decision.Of(events, Show(node));
    }

    private static Decision Cancel(NodeState node, in EntryContext entry)
    {
        if (node.Record.Scheduling == NodeScheduling.Drained)
            return Failure.Precondition($"the drain of node {node.Record.Id} is completed: uncordon it to take it back");
        if (node.Record.Scheduling != NodeScheduling.Draining) return Decision.Nothing(Show(node));
        var events = new DecidedEvents(entry);
        events.Add(new DrainEvent.Cancelled(node.Record.Id), node.Record.Drain);
        return Decision.Of(events, Show(node) with { Scheduling = node.Record.BeforeDrain, DeadlineMs = 0 });
    }

    private static Decision TimeOut(NodeState node, in EntryContext entry)
    {
        var record = node.Record;
        if (record.Scheduling != NodeScheduling.Draining)
            return Failure.Precondition($"node {record.Id} is not being drained: it is {record.Scheduling}");
        if (entry.Time.UnixMs < record.DrainDeadlineMs)
            return Failure.Precondition($"the drain of node {record.Id} has {record.DrainDeadlineMs - entry.Time.UnixMs} ms left");
        if (record.DrainTimedOut || node.Rooms.Count == 0) return Decision.Nothing(Show(node));
        var events = new DecidedEvents(entry);
        events.Add(new DrainEvent.TimedOut(record.Id, (uint)node.Rooms.Count), record.Drain);
        return Decision.Of(events, Show(node));
    }

    private static Decision Complete(NodeState node, in EntryContext entry)
    {
        var record = node.Record;
        if (record.Scheduling == NodeScheduling.Drained) return Decision.Nothing(Show(node));
        if (record.Scheduling != NodeScheduling.Draining)
            return Failure.Precondition($"node {record.Id} is not being drained: it is {record.Scheduling}");
        if (node.Rooms.Count > 0)
            return Failure.Precondition($"node {record.Id} is not empty: {node.Rooms.Count} rooms are owned or not yet released");
        var events = new DecidedEvents(entry);
        events.Add(new DrainEvent.Completed(record.Id), record.Drain);
        return Decision.Of(events, Show(node) with { Scheduling = NodeScheduling.Drained });
    }
}
