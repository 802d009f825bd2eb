using VideoScale.ControlPlane.Drain;
using VideoScale.ControlPlane.Nodes;
using VideoScale.ControlPlane.Participants;
using VideoScale.ControlPlane.Placement;
using VideoScale.ControlPlane.Rooms;
using VideoScale.Model;

namespace VideoScale.ControlPlane.Tests.Core;

/// <summary>
/// The promises, kept by a book that knows nothing of the state's own structures: it reads events alone and counts everything anew.
/// </summary>
internal sealed class EventModel
{
    private sealed record Holding(string Node, ulong Epoch, Reservation Need, bool Revoked);
    private sealed class Life
    {
        public RoomSettings Settings = RoomSettings.Default;
        public bool Open;
        /// <summary>Those who were in it when its cap was lowered stay.</summary>
        public int KeptSeats;
        public Holding? Holder;
        public ulong LastEpoch;
        public readonly Dictionary<string, (ParticipantRole Role, ulong SeatId, ulong Joined)> Seats = [];
        public uint Publishers => (uint)Seats.Values.Count(s => s.Role == ParticipantRole.Publisher);
    }

    private sealed class Machine
    {
        public ulong Incarnation;
        public bool Lost;
        public bool Suspected;
        public string Scheduling = "active";
        public Capacity Capacity;
        public readonly HashSet<ulong> Fenced = [];
    }

    private readonly Dictionary<string, Life> _rooms = [];
    private readonly Dictionary<string, Machine> _nodes = [];
    private ulong _seq;

    public int Placements { get; private set; }
    public int Denials { get; private set; }
    public int Drained { get; private set; }

    public void Take(Recorded recorded)
    {
        Assert.Equal(++_seq, recorded.Context.Seq);
        Assert.True(recorded.Cause.Seq < _seq, "a cause comes before its effect");
        switch (recorded.Event)
        {
            case RoomEvent e: Room(e, recorded); break;
            case ParticipantEvent e: Participant(e, recorded); break;
            case NodeEvent e: Node(e); break;
            case DrainEvent e: DrainOf(e); break;
        }
        CheckCaps();
    }

    private void Room(RoomEvent happened, Recorded recorded)
    {
        if (!_rooms.TryGetValue(happened.Room.Value, out var room)) _rooms.Add(happened.Room.Value, room = new Life());
        switch (happened)
        {
            case RoomEvent.Updated e:
                Assert.True(room.Open, "only an open room is updated");
                (room.Settings, room.KeptSeats) = (e.Settings, room.Seats.Count);
                break;
            case RoomEvent.Created e:
                Assert.False(room.Open, "only a closed name is created anew");
                Assert.Empty(room.Seats);
                (room.Open, room.Settings) = (true, e.Settings);
                break;
            case RoomEvent.Placed e:
                Assert.Null(room.Holder); // never two unreleased ownerships
                Assert.True(room.Open);
                Assert.True(e.Epoch.Value > room.LastEpoch, "epochs strictly grow");
                Assert.Equal(recorded.Context.Seq, e.Epoch.EventSeq);
                var node = _nodes[e.Node.Value];
                Assert.False(node.Lost || node.Suspected);
                Assert.Equal("active", node.Scheduling);
                Assert.Equal(node.Incarnation, e.Incarnation);
                (room.Holder, room.LastEpoch) = (new(e.Node.Value, e.Epoch.Value, e.Reservation, false), e.Epoch.Value);
                Placements++;
                break;
            case RoomEvent.Revoked e:
                Assert.Equal(room.Holder!.Epoch, e.Epoch.Value);
                Assert.False(room.Holder.Revoked);
                room.Holder = room.Holder with { Revoked = true };
                break;
            case RoomEvent.Closing e:
                Assert.Equal(room.Holder!.Epoch, e.Epoch.Value);
                (room.Open, room.Holder) = (false, room.Holder with { Revoked = true });
                room.Seats.Clear();
                break;
            case RoomEvent.Released e:
                Assert.Equal((room.Holder!.Epoch, room.Holder.Node), (e.Epoch.Value, e.Node.Value));
                if (e.Kind == ReleaseKind.LeaseEnded) Assert.True(room.Holder.Revoked, "only a revoked ownership expires");
                if (e.Kind == ReleaseKind.NodeLost) Assert.True(_nodes[e.Node.Value].Lost);
                room.Holder = null;
                break;
            case RoomEvent.Closed:
                Assert.Null(room.Holder);
                room.Open = false;
                room.Seats.Clear();
                break;
        }
    }

    private void Participant(ParticipantEvent happened, Recorded recorded)
    {
        var room = _rooms[happened.Room.Value];
        var who = happened.Identity.Value;
        switch (happened)
        {
            case ParticipantEvent.Admitted e:
                Assert.True(room.Open);
                room.Seats.Add(who, (e.Role, recorded.Context.Seq, 0));
                break;
            case ParticipantEvent.Joined e:
                Assert.Equal(room.Holder!.Epoch, e.Epoch.Value);
                Assert.Equal(room.Seats[who].SeatId, e.SeatId);
                room.Seats[who] = room.Seats[who] with { Joined = e.Epoch.Value };
                break;
            case ParticipantEvent.Left e:
                Assert.Equal(room.Holder!.Epoch, e.Epoch.Value);
                Assert.True(room.Seats.Remove(who));
                break;
            case ParticipantEvent.Removed: Assert.True(room.Seats.Remove(who)); break;
            case ParticipantEvent.SeatExpired:
                Assert.NotEqual(room.Holder!.Epoch, room.Seats[who].Joined);
                Assert.True(room.Seats.Remove(who));
                break;
            case ParticipantEvent.RoleChanged e: room.Seats[who] = room.Seats[who] with { Role = e.Role }; break;
            case ParticipantEvent.AdmissionDenied: Denials++; break;
        }
    }

    private void Node(NodeEvent happened)
    {
        var node = _nodes.GetValueOrDefault(happened.Node.Value);
        var holds = _rooms.Values.Count(r => r.Holder?.Node == happened.Node.Value);
        switch (happened)
        {
            case NodeEvent.Registered e:
                if (node is null) _nodes.Add(happened.Node.Value, node = new Machine());
                else
                {
                    Assert.Equal(0, holds); // two-commit rule for processes of one name
                    Assert.DoesNotContain(e.Description.Incarnation, node.Fenced);
                    node.Fenced.Add(node.Incarnation);
                }
                (node.Incarnation, node.Lost, node.Suspected, node.Capacity) = (e.Description.Incarnation, false, false,
                    e.Description.Capacity);
                break;
            case NodeEvent.Suspected: node!.Suspected = true; break;
            case NodeEvent.Recovered: node!.Suspected = false; break;
            case NodeEvent.Lost e:
                Assert.Equal(node!.Incarnation, e.Incarnation);
                Assert.Equal((uint)holds, e.Rooms);
                node.Lost = true;
                break;
            case NodeEvent.Left e:
                Assert.Equal((node!.Incarnation, 0), (e.Incarnation, holds)); // who leaves holds nothing
                node.Lost = true;
                break;
            case NodeEvent.Cordoned: node!.Scheduling = "cordoned"; break;
            case NodeEvent.Uncordoned: node!.Scheduling = "active"; break;
            case NodeEvent.Deregistered:
                Assert.Equal(0, holds);
                _nodes.Remove(happened.Node.Value);
                break;
        }
    }

    private void DrainOf(DrainEvent happened)
    {
        var node = _nodes[happened.Node.Value];
        switch (happened)
        {
            case DrainEvent.Started: node.Scheduling = node.Scheduling == "cordoned" ? "draining, cordoned before" : "draining"; break;
            case DrainEvent.Cancelled: node.Scheduling = node.Scheduling == "draining" ? "active" : "cordoned"; break;
            case DrainEvent.Completed:
                Assert.DoesNotContain(_rooms.Values, r => r.Holder?.Node == happened.Node.Value); // drained only when empty
                node.Scheduling = "drained";
                Drained++;
                break;
        }
    }

    private void CheckCaps()
    {
        foreach (var (name, node) in _nodes)
        {
            ulong publishers = 0, subscribers = 0, bitrate = 0;
            foreach (var room in _rooms.Values.Where(r => r.Holder?.Node == name))
            {
                var cost = RoomCost.Of((uint)room.Seats.Count, room.Publishers);
                publishers += Math.Max(cost.Publishers, room.Holder!.Need.Publishers);
                subscribers += Math.Max(cost.Subscribers, room.Holder.Need.Subscribers);
                bitrate += Math.Max(cost.BitrateKbps, room.Holder.Need.BitrateKbps);
            }
            Assert.True(publishers <= node.Capacity.Publishers && subscribers <= node.Capacity.Subscribers
                && bitrate <= node.Capacity.BitrateKbps,
                $"caps of {name}: {publishers}, {subscribers}, {bitrate} of {node.Capacity}");
        }
        foreach (var (name, room) in _rooms)
        {
            room.KeptSeats = Math.Min(room.KeptSeats, room.Seats.Count);
            Assert.True(room.Settings.MaxParticipants == 0
                || room.Seats.Count <= Math.Max(room.Settings.MaxParticipants, (uint)room.KeptSeats), $"max_participants of {name}");
            Assert.True(room.Settings.MaxPublishers == 0 || room.Publishers <= room.Settings.MaxPublishers, $"max_publishers of {name}");
        }
    }

    /// <summary>Compares the book with what state says.</summary>
    public void Agree(State.ClusterState state)
    {
        Assert.Equal(_nodes.Keys.Order(StringComparer.Ordinal), state.Nodes.InOrder().Select(n => n.Name));
        foreach (var (name, life) in _rooms)
        {
            var room = state.FindRoom(new(name));
            if (room is null) { Assert.False(life.Open); continue; }
            Assert.Equal(life.Open, room.Record.IsOpen);
            Assert.Equal(life.Holder?.Epoch ?? 0, room.Record.Owner?.Epoch.Value ?? 0);
            Assert.Equal(life.Holder?.Revoked ?? false, room.Record.Owner?.IsRevoked ?? false);
            Assert.Equal(life.Seats.Keys.Order(StringComparer.Ordinal), room.Seats.InOrder().Select(s => s.Identity.Value));
            Assert.Equal(life.Publishers, room.Publishers);
        }
        Assert.Equal((ulong)_rooms.Values.Sum(r => r.Seats.Count), state.SeatCount);
    }
}
