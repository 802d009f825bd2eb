using VideoScale.Consensus.Core;
using VideoScale.ControlPlane.Audit;
using VideoScale.ControlPlane.Drain;
using VideoScale.ControlPlane.Events;
using VideoScale.ControlPlane.Host.Replication;
using VideoScale.ControlPlane.Nodes;
using VideoScale.ControlPlane.Outcomes;
using VideoScale.ControlPlane.Participants;
using VideoScale.ControlPlane.Rooms;
using VideoScale.ControlPlane.State;
using VideoScale.Model;
using VideoScale.Simulation.Checkers;
using VideoScale.Simulation.Seams;
using VideoScale.Simulation.World;

namespace VideoScale.Simulation.Workloads.Control;

/// <summary>Watches rooms, nodes and requests from outside: who owns what, who acts as owner, what was answered.</summary>
internal sealed class ControlChecker(Simulated world)
{
    private readonly List<Hash256> _chains = [default];
    private readonly Dictionary<string, ulong> _indexOf = new(StringComparer.Ordinal);
    private readonly Dictionary<string, (CommandReply Reply, bool OtherBody)> _replies = new(StringComparer.Ordinal);
    private readonly Dictionary<string, (ulong Epoch, string Node)?> _owners = new(StringComparer.Ordinal);
    private readonly Dictionary<string, ulong> _lastEpoch = new(StringComparer.Ordinal);
    private readonly SortedDictionary<string, List<Operation>> _histories = new(StringComparer.Ordinal);
    private readonly Dictionary<string, LogTime> _closedAt = new(StringComparer.Ordinal);
    private ulong _seen;

    public ClockChecker Clocks { get; } = new(world);

    /// <summary>The nodes, to ask whether they act as owners.</summary>
    public IReadOnlyList<MediaAgent> Agents { get; set; } = [];

    /// <summary>Event logs are equal, and a request has its effects in one entry alone.</summary>
    public void Appended(ulong seq, Hash256 chain, ulong index, string request)
    {
        if (seq == (ulong)_chains.Count) _chains.Add(chain);
        else if (seq > (ulong)_chains.Count) throw new Violation("equal-event-logs", $"event {seq} follows nothing");
        else if (_chains[(int)seq] != chain) throw new Violation("equal-event-logs", $"event {seq} differs between replicas");
        if (request.Length > 0 && !_indexOf.TryAdd(request, index) && _indexOf[request] != index)
            throw new Violation("exactly-once", $"request {request} took effect in entry {_indexOf[request]} and in {index}");
    }

    public IStateListener ListenerFor(Replica replica) => new Listener(this, replica);

    private sealed class Listener(ControlChecker checker, Replica replica) : IStateListener
    {
        public void OnApplied(ulong appliedIndex, IReadOnlyList<AppliedEvent> events, ClusterState state)
        {
            foreach (var applied in events)
                if (applied.Context.Seq > checker._seen) checker.First(applied.Event, applied.Context, state, replica);
        }

        public void OnRestored(ulong appliedIndex, ClusterState state) { }
    }

    /// <summary>An event that nobody had folded in before.</summary>
    private void First(DomainEvent happened, in EventContext context, ClusterState state, Replica replica)
    {
        _seen = context.Seq;
        switch (happened)
        {
            case RoomEvent.Created e:
                _histories.TryAdd(e.Room.Value, []);
                _closedAt.Remove(e.Room.Value);
                break;
            case RoomEvent.Closed e: Closed(e, context, replica); break;
            case RoomEvent.Placed e: Placed(e, context, replica); break;
            case RoomEvent.Revoked e:
                Wrote(e.Room, e.Epoch, "", context, replica);
                Marks.Hit(e.Reason == RevokeReason.Drain ? Mark.RoomRevokedForDrain : Mark.RoomRevokedForMove); break;
            case RoomEvent.Closing e:
                Wrote(e.Room, e.Epoch, "", context, replica);
                Marks.Hit(e.Reason == CloseReason.Empty ? Mark.EmptyRoomClosed : Mark.RoomClosed); break;
            case RoomEvent.Released e:
                Released(e);
                Wrote(e.Room, e.Epoch, "", context, replica);
                break;
            case NodeEvent.Suspected: Marks.Hit(Mark.NodeSuspected); break;
            case NodeEvent.Recovered: Marks.Hit(Mark.NodeRecovered); break;
            case NodeEvent.Lost e: Marks.Hit(e.Reason == LossReason.Superseded ? Mark.NodeSuperseded : Mark.NodeLost); break;
            case DrainEvent.Completed e: Drained(e, state); break;
            case DrainEvent.TimedOut: Marks.Hit(Mark.DrainTimedOut); break;
            case ParticipantEvent.Admitted e: Admitted(e, state); break;
            case ParticipantEvent.SeatExpired: Marks.Hit(Mark.SeatExpired); break;
            case ParticipantEvent.Joined: Marks.Hit(Mark.SeatJoined); break;
            default: break;
        }
    }

    private void Placed(RoomEvent.Placed placed, in EventContext context, Replica replica)
    {
        var room = placed.Room.Value;
        if (_owners.GetValueOrDefault(room) is { } owner)
            throw new Violation("release-before-assign",
                $"room {room} was given to {placed.Node} while {owner.Node} still held it under {owner.Epoch}");
        if (_lastEpoch.TryGetValue(room, out var last) && placed.Epoch.Value <= last)
            throw new Violation("epochs-grow", $"room {room} got epoch {placed.Epoch} after {new Epoch(last)}");
        _lastEpoch[room] = placed.Epoch.Value;
        _owners[room] = (placed.Epoch.Value, placed.Node.Value);
        Wrote(placed.Room, placed.Epoch, placed.Node.Value, context, replica);
        Marks.Hit(Mark.RoomPlaced);
    }

    private void Released(RoomEvent.Released released)
    {
        Marks.Hit(released.Kind switch
        {
            ReleaseKind.ByOwner => Mark.RoomReleasedByOwner,
            ReleaseKind.LeaseEnded => Mark.RoomReleasedByLease,
            _ => Mark.RoomReleasedByLoss
        });
        _owners[released.Room.Value] = null;
        foreach (var agent in Agents)
            if (agent.HasAuthority(released.Room, released.Epoch))
                throw new Violation("authority",
                    $"room {released.Room} was released ({released.Kind}) while {agent.Name} still acts as its owner under "
                    + $"{released.Epoch}");
    }

    /// <summary>
    /// With a room that is closed those are forgotten that were closed an hour of log time before: whoever reads of one finds that it never
    /// had an owner.
    /// </summary>
    /// <remarks>
    /// No run lasts an hour, but log time steps over a stop: a voter alone has only its own clock to tell how long that was.
    /// </remarks>
    private void Closed(RoomEvent.Closed closed, in EventContext context, Replica replica)
    {
        _closedAt[closed.Room.Value] = context.Time;
        foreach (var (room, at) in _closedAt.ToArray())
        {
            if (at.UnixMs + ClusterState.RememberClosedMs > context.Time.UnixMs) continue;
            _closedAt.Remove(room);
            Wrote(new RoomId(room), Epoch.None, "", context, replica);
        }
    }

    private static void Drained(DrainEvent.Completed drained, ClusterState state)
    {
        Marks.Hit(Mark.DrainCompleted);
        if (state.FindNode(drained.Node) is { Rooms.Count: > 0 } node)
            throw new Violation("drain", $"{drained.Node} is drained and holds {node.Rooms.Count} rooms");
    }

    private static void Admitted(ParticipantEvent.Admitted admitted, ClusterState state)
    {
        if (state.FindRoom(admitted.Room) is not { } room) return;
        var most = room.Record.Settings.MaxParticipants;
        if (most > 0 && room.Participants > most)
            throw new Violation("seats", $"room {admitted.Room} has {room.Participants} seats taken of {most}");
        if (most > 0 && room.Participants == most) Marks.Hit(Mark.RoomFull);
    }

    /// <summary>A node may have gained authority: no other may have it over the same room.</summary>
    public void Gained(MediaAgent gained)
    {
        foreach (var (room, epoch) in gained.Authorities())
            foreach (var other in Agents)
                if (other != gained && other.AuthorityOver(room) is { } also)
                    throw new Violation("authority",
                        $"{gained.Name} and {other.Name} both act as owner of room {room}, under {epoch} and {also}");
    }

    /// <summary>
    /// All answers to one request are the same answer; the same id with another body is refused, whichever of the two came first.
    /// </summary>
    public void Answered(string request, bool otherBody, CommandReply reply, ulong floorAtStart)
    {
        if (reply.Failure is { Code: FailureCode.InvalidArgument })
        {
            Clocks.Refused(request, reply.Failure.Message);
            if (otherBody) Marks.Hit(Mark.OtherBodyRefused);
            return;
        }
        if (reply.Index <= floorAtStart)
            throw new Violation("linearizable-writes",
                $"request {request} was carried out at {reply.Index}, but {floorAtStart} was acknowledged before it began");
        if (_replies.TryAdd(request, (reply, otherBody))) return;
        var (before, beforeOtherBody) = _replies[request];
        if (beforeOtherBody != otherBody)
            throw new Violation("exactly-once", $"request {request} was answered with one body and with another");
        if (before.Index != reply.Index || before.EventSeq != reply.EventSeq || before.Failure?.Message != reply.Failure?.Message)
            throw new Violation("exactly-once", $"request {request} was answered as of {before.Index} and as of {reply.Index}");
        Marks.Hit(Mark.RequestReplayed);
    }

    private void Wrote(RoomId room, Epoch epoch, string node, in EventContext context, Replica replica) =>
        _histories[room.Value]
            .Add(new Operation(world.Checker.WrittenAtUs(context.Index, context.Term), world.NowUs, true, Value(epoch, node)));

    public void Read(RoomId room, Epoch epoch, NodeId node, long invokedUs)
    {
        if (_histories.TryGetValue(room.Value, out var history))
            history.Add(new Operation(invokedUs, world.NowUs, false, Value(epoch, node.Value ?? "")));
    }

    private static ulong Value(Epoch epoch, string node) => epoch.Value * 64 + (node.Length == 0 ? 0UL : (ulong)(node[^1] - '0') + 1);

    /// <summary>Every room's owner, as it was written and read, is linearizable.</summary>
    public void Finish()
    {
        foreach (var (room, history) in _histories)
            if (!Linearizability.Holds(history))
                throw new Violation("linearizable-ownership",
                    $"no order of {history.Count} operations explains what was read of room {room}");
    }
}
