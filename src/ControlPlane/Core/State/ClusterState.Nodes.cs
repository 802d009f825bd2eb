using VideoScale.ControlPlane.Drain;
using VideoScale.ControlPlane.Events;
using VideoScale.ControlPlane.Nodes;
using VideoScale.Model;

namespace VideoScale.ControlPlane.State;

public sealed partial class ClusterState
{
    private void EvolveNode(NodeEvent happened, in EventContext context)
    {
        if (happened is NodeEvent.Registered registered)
        {
            Register(registered.Description);
            NoteRegistered(registered.Node);
            return;
        }
        var node = NodeOf(happened.Node);
        var record = node.Record;
        switch (happened)
        {
            case NodeEvent.Suspected: Set(node, record with { Health = NodeHealth.Suspected }); break;
            case NodeEvent.Recovered: Set(node, record with { Health = NodeHealth.Healthy }); break;
            case NodeEvent.Lost: Set(node, record with { Health = NodeHealth.Lost, LostCause = context.Ref }); break;
            case NodeEvent.Left: Set(node, record with { Health = NodeHealth.Left }); break;
            case NodeEvent.Cordoned: Set(node, record with { Scheduling = NodeScheduling.Cordoned }); break;
            case NodeEvent.Uncordoned:
                Set(node, record
                    with
                { Scheduling = NodeScheduling.Active, Drain = EventRef.None, DrainDeadlineMs = 0, DrainTimedOut = false }); break;
            case NodeEvent.Deregistered: Forget(node); break;
            default: Invariant.Require(false, "every node event has a fold"); break;
        }
    }

    private void Register(NodeDescription description)
    {
        if (FindNode(description.Node) is not { } known)
        {
            var added = new NodeState(new(description, NodeHealth.Healthy, NodeScheduling.Active, LastTime.UnixMs, EventRef.None,
                NodeScheduling.None, EventRef.None, 0, false, []));
            _nodes.Add(added);
            NodesTakingRooms++;
            MarkDirty(added);
            return;
        }
        // What an operator asked of the name (cordon, drain) holds for its next process too.
        var fenced = known.Record.FencedIncarnations.Add(known.Record.Incarnation);
        if (fenced.Length > NodeRecord.MaxFenced) fenced = fenced.RemoveAt(0);
        Set(known, known.Record with
        {
            Description = description,
            Health = NodeHealth.Healthy,
            RegisteredAtMs = LastTime.UnixMs,
            LostCause = EventRef.None,
            FencedIncarnations = fenced,
        });
    }

    private void EvolveDrain(DrainEvent happened, in EventContext context)
    {
        if (happened is DrainEvent.RoomMoved or DrainEvent.Blocked) return; // for the record: the room's own events carry the change
        var node = NodeOf(happened.Node);
        var record = node.Record;
        switch (happened)
        {
            case DrainEvent.Started started:
                Set(node, record with
                {
                    Scheduling = NodeScheduling.Draining,
                    BeforeDrain = record.Scheduling,
                    Drain = context.Ref,
                    DrainDeadlineMs = started.DeadlineMs,
                    DrainTimedOut = false,
                });
                break;
            case DrainEvent.TimedOut: Set(node, record with { DrainTimedOut = true }); break;
            case DrainEvent.DeadlineChanged changed:
                Set(node, record with { DrainDeadlineMs = changed.DeadlineMs, DrainTimedOut = false }); break;
            case DrainEvent.Completed: Set(node, record with { Scheduling = NodeScheduling.Drained }); break;
            case DrainEvent.Cancelled:
                Set(node, record with
                {
                    Scheduling = record.BeforeDrain,
                    Drain = EventRef.None,
                    DrainDeadlineMs = 0,
                    DrainTimedOut = false,
                });
                break;
            default: Invariant.Require(false, "every drain event has a fold"); break;
        }
    }

    private NodeState NodeOf(NodeId node)
    {
        var found = FindNode(node);
        Invariant.Require(found is not null, "an event about a node follows its registration");
        return found;
    }

    private void Set(NodeState node, NodeRecord record)
    {
        if (node.Record.TakesRooms != record.TakesRooms) NodesTakingRooms += record.TakesRooms ? 1 : -1;
        node.Record = record;
        MarkDirty(node);
    }

    private void Forget(NodeState node)
    {
        Invariant.Require(node.Rooms.Count == 0, "a node leaves the records only when it holds nothing");
        if (node.Record.TakesRooms) NodesTakingRooms--;
        _nodes.Remove(node.Name);
        MarkDirty(node);
    }
}
