using System.Collections.Immutable;
using VideoScale.Consensus.Core;
using VideoScale.ControlPlane.Audit;
using VideoScale.ControlPlane.Canonical;
using VideoScale.ControlPlane.Catalogue;
using VideoScale.ControlPlane.Cluster;
using VideoScale.ControlPlane.Commands;
using VideoScale.ControlPlane.Decisions;
using VideoScale.ControlPlane.Events;
using VideoScale.ControlPlane.Execution;
using VideoScale.ControlPlane.Fleets;
using VideoScale.ControlPlane.Host.EventLog;
using VideoScale.ControlPlane.Nodes;
using VideoScale.ControlPlane.Outcomes;
using VideoScale.ControlPlane.Participants;
using VideoScale.ControlPlane.Placement;
using VideoScale.ControlPlane.Rooms;
using VideoScale.ControlPlane.State;
using VideoScale.Model;

namespace VideoScale.Bench.Replay;

/// <summary>
/// A fleet's life, made up from a seed and played through the deciders into an event log: rooms come, fill, empty and close, presence
/// arrives in batches, nodes fall silent and come back, checkpoints are committed. What the log holds is what the product would have
/// written.
/// </summary>
public sealed class FleetStory(EventLog log, int seed, int nodes, int liveRooms) : ICommandSink, IDisposable
{
    private const int EntriesPerCheckpoint = 1_024;
    private const ulong Term = 1;
    private static readonly Actor Operator = new("bench", ActorKind.Operator, ActorAuthMethod.Token);
    private readonly Random _random = new(seed);
    private readonly List<Room> _rooms = [];
    private readonly CanonicalWriter _payload = new();
    private ulong _index;
    private long _timeMs = 1_750_000_000_000;
    private CommandRunner? _runner;
    private int _roomsMade;
    private Checkpoint? _marked;

    private sealed record Room(RoomId Id, NodeId Node, Epoch Epoch, int Size)
    {
        public List<Seat> Waiting { get; } = [];
        public List<Seat> Joined { get; } = [];
        public int Made { get; set; }
    }

    public ClusterState State { get; } = new();
    public ulong LastIndex => _index;

    /// <summary>Plays on until the log has so many events.</summary>
    public void PlayUntil(ulong events)
    {
        if (_index == 0) Begin();
        while (State.LastEventSeq < events)
        {
            Entry();
            if (_index % EntriesPerCheckpoint == 0) Mark();
            else if (_index % EntriesPerCheckpoint == 3 && _marked is { } checkpoint)
                Do(new ClusterCommand.CommitCheckpoint(checkpoint), fromLeader: true);
            else if (_index % 5_000 == 17) NodeTrouble();
            else if (_rooms.Count < liveRooms && (_rooms.Count < liveRooms * 9 / 10 || _random.Next(10) == 0)) Create();
            else Live(_rooms[_random.Next(_rooms.Count)]);
            if (_index % 64 == 0) log.EndOfBatch(_index);
        }
        log.EndOfBatch(_index);
    }

    public void Dispose() => _payload.Dispose();

    private void Begin()
    {
        Entry();
        Do(new ClusterCommand.RecordLeadership(7), fromLeader: true);
        for (var i = 0; i < nodes; i++)
        {
            Entry();
            var capacity = new Capacity(Capacity.MaxPublishers, Capacity.MaxSubscribers, Capacity.MaxBitrateKbps);
            Do(new NodeCommand.Register(new(NodeOf(i), (ulong)i + 1, "eu-1", $"zone-{i % 3}", $"10.0.{i / 250}.{i % 250}:8180", capacity)));
        }
    }

    private void Entry()
    {
        _index++;
        _timeMs += _random.Next(3);
    }

    private void Create()
    {
        var (room, number) = (new RoomId($"meeting-{_roomsMade++:x6}"), _random.Next(nodes));
        var size = _random.Next(2, 12);
        var settings = RoomSettings.Default with
        {
            ExpectedParticipants = (uint)size,
            MaxParticipants = 50,
            Metadata = new byte[_random.Next(64)],
        };
        var node = NodeOf(number);
        var decision = new PlacementDecision(node, (ulong)number + 1, PlacementInputs.PeakOf(settings), PlacementReason.Created, _index - 1,
            1,
            [new(node, 640), new(NodeOf((number + 1) % nodes), 612), new(NodeOf((number + 2) % nodes), 590)], [], []);
        var created = Do(new RoomCommand.Create(room, settings, decision, Term));
        if (created.Outcome.Epoch.IsNone) Do(new RoomCommand.CloseEmpty(room)); // its node was in trouble just now: nobody comes
        else _rooms.Add(new(room, created.Outcome.Node, created.Outcome.Epoch, size));
    }

    private void Live(Room room)
    {
        if (room.Waiting.Count > 0 && _random.Next(2) == 0) Report(room, room.Waiting, joined: true);
        else if (room.Made < room.Size) Admit(room);
        else if (room.Joined.Count > 0 && room.Waiting.Count == 0) Report(room, room.Joined, joined: false);
        else if (room.Waiting.Count == 0) Close(room);
    }

    private void Admit(Room room)
    {
        var identity = new ParticipantIdentity($"user-{_random.Next(1_000_000):d6}-{room.Made++}");
        var admitted =
            Do(new ParticipantCommand.Admit(room.Id, identity, room.Made <= 4 ? ParticipantRole.Publisher : ParticipantRole.Subscriber));
        if (admitted.Failure is null)
            room.Waiting.Add(new(identity, admitted.Outcome.Seat.SeatId, ParticipantRole.Publisher, 0, Epoch.None));
    }

    private void Report(Room room, List<Seat> seats, bool joined)
    {
        var count = _random.Next(1, seats.Count + 1);
        Do(new ParticipantCommand.ReportPresence(room.Node, State.FindNode(room.Node)!.Record.Incarnation,
            [.. seats.Take(count).Select(s => new PresenceReport(room.Id, room.Epoch, s.Identity, s.SeatId, joined))]));
        if (joined) room.Joined.AddRange(seats.Take(count));
        seats.RemoveRange(0, count);
    }

    private void Close(Room room)
    {
        Do(new RoomCommand.Close(room.Id, Epoch.None));
        Entry();
        Do(new RoomCommand.Release(room.Id, room.Epoch, room.Node, State.FindNode(room.Node)!.Record.Incarnation));
        _rooms.Remove(room);
    }

    private void NodeTrouble()
    {
        var node = State.FindNode(NodeOf(_random.Next(nodes)))!.Record;
        Do(node.Health == NodeHealth.Suspected ? new NodeCommand.Recover(node.Id, node.Incarnation)
            : new NodeCommand.Suspect(node.Id, node.Incarnation), fromLeader: true);
    }

    private void Mark()
    {
        var head = log.Head;
        _marked = new(_index, head.EventSeq, State.StateHash(), head.ChainHead.ToArray(), head.MerkleRoot.ToArray(), [1, 2, 3]);
    }

    private CommandReply Do(DomainCommand command, bool fromLeader = false)
    {
        var envelope = new CommandEnvelope(command, fromLeader ? Actor.System : Operator, DecidedInTerm: fromLeader
            || Deciders.MustBeDecidedByLeader(command) ? Term : 0);
        return (_runner ??= new(State, new(), this)).Run(envelope, _index, Term, new(new(_timeMs)));
    }

    void ICommandSink.Happened(DomainEvent happened, in EventContext place, EventRef cause, CommandEnvelope envelope)
    {
        var actor = envelope.Actor;
        _payload.Reset();
        EventCodec.Write(happened, _payload);
        log.Append(new EventDraft
        {
            RaftIndex = place.Index,
            RaftTerm = place.Term,
            OrdinalInEntry = place.Ordinal,
            Stream = happened.Stream,
            Type = happened.Type.ToString(),
            SchemaVersion = happened.SchemaVersion,
            OccurredAt = place.Time,
            ActorSubject = actor.Subject,
            ActorKind = actor.Kind.Word,
            ActorAuthMethod = actor.AuthMethod.Word,
            Tenant = "default",
            CausationId = cause.IsNone ? EventId.None : log.EventIdOf(cause.Index, cause.Ordinal),
            CausationSeq = cause.Seq,
            CommandId = actor == Actor.System ? "" : $"0198f2c47a3b4c5d8e9f{_index:x12}",
            PolicyVersion = happened.PolicyVersion,
            Payload = _payload.WrittenSpan,
        });
    }

    private static NodeId NodeOf(int number) => new($"media-{number}");
}
