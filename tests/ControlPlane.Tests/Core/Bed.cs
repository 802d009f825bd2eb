using VideoScale.ControlPlane.Canonical;
using VideoScale.ControlPlane.Catalogue;
using VideoScale.ControlPlane.Commands;
using VideoScale.ControlPlane.Decisions;
using VideoScale.ControlPlane.Events;
using VideoScale.ControlPlane.Execution;
using VideoScale.ControlPlane.Nodes;
using VideoScale.ControlPlane.Outcomes;
using VideoScale.ControlPlane.Participants;
using VideoScale.ControlPlane.Placement;
using VideoScale.ControlPlane.Requests;
using VideoScale.ControlPlane.Rooms;
using VideoScale.ControlPlane.State;
using VideoScale.Model;

namespace VideoScale.ControlPlane.Tests.Core;

internal sealed record Recorded(DomainEvent Event, EventContext Context, EventRef Cause, CommandEnvelope Envelope);

/// <summary>A domain on the bench: commands go in as log entries, events are kept, time and term are set by hand.</summary>
internal sealed class Bed : ICommandSink
{
    private static readonly Actor Operator = new("op", ActorKind.Operator, ActorAuthMethod.Token);
    private readonly CommandRunner _runner;

    public Bed(ClusterState? state = null, RequestResults? results = null)
    {
        State = state ?? new ClusterState();
        Results = results ?? new RequestResults();
        _runner = new CommandRunner(State, Results, this, State.LastTime);
    }

    public ClusterState State { get; }
    public RequestResults Results { get; }
    public List<Recorded> Events { get; } = [];
    public LogTime Now { get; set; } = new(1_700_000_000_000);
    public ulong Index { get; set; }
    public ulong Term { get; set; } = 1;

    public void Happened(DomainEvent happened, in EventContext context, EventRef cause, CommandEnvelope envelope) =>
        Events.Add(new(happened, context, cause, envelope));

    public CommandReply Run(CommandEnvelope envelope) => _runner.Run(envelope, ++Index, Term, new(Now));

    public CommandReply Do(DomainCommand command, RequestKey? key = null) =>
        Run(new(command, Operator, key, Deciders.MustBeDecidedByLeader(command) ? Term : 0));

    /// <summary>Does it and expects no refusal.</summary>
    public CommandReply Must(DomainCommand command)
    {
        var reply = Do(command);
        Assert.True(reply.Failure is null, reply.Failure?.ToString());
        return reply;
    }

    /// <summary>Does it and expects this refusal.</summary>
    public string Refused(FailureCode code, DomainCommand command)
    {
        var reply = Do(command);
        Assert.NotNull(reply.Failure);
        Assert.Equal(code, reply.Failure.Code);
        return reply.Failure.Message;
    }

    public void Pass(long milliseconds) => Now = new(Now.UnixMs + milliseconds);

    public static NodeDescription Describe(string id, ulong incarnation = 1, uint publishers = 1_000, uint subscribers = 10_000,
        ulong bitrateKbps = 10_000_000, string region = "") =>
        new(new(id), incarnation, region, "", $"{id}.example:7000", new(publishers, subscribers, bitrateKbps));

    public void Node(string id, ulong incarnation = 1, uint publishers = 1_000, uint subscribers = 10_000, ulong bitrateKbps = 10_000_000,
        string region = "") =>
        Must(new NodeCommand.Register(Describe(id, incarnation, publishers, subscribers, bitrateKbps, region)));

    public PlacementDecision Choice(string node, Reservation need = default, PlacementReason reason = PlacementReason.Created) =>
        new(new(node), State.FindNode(new(node))?.Record.Incarnation ?? 1, need, reason, State.LastEventIndex, 1, [new(new(node), 500)], [],
            []);

    /// <summary>Creates a room, on a node when one is named.</summary>
    public CommandReply Room(string id, string? node = null, RoomSettings? settings = null, Reservation need = default) =>
        Must(new RoomCommand.Create(new(id), settings ?? RoomSettings.Default, node is null ? null : Choice(node, need), Term));

    public CommandReply Assign(string room, string node, Reservation need = default) =>
        Must(new RoomCommand.Assign(new(room), Get(room).LastEpoch, Choice(node, need)));

    public SeatOutcome Admit(string room, string identity, ParticipantRole role = ParticipantRole.Publisher) =>
        Must(new ParticipantCommand.Admit(new(room), new(identity), role)).Outcome.Seat;

    public CommandReply Report(string room, string identity, bool joined = true, Epoch? epoch = null, ulong? seatId = null)
    {
        var record = Get(room);
        var seat = seatId ?? (State.FindRoom(new(room))!.Seats.TryGet(new(identity), out var held) ? held.SeatId : 0);
        return Do(new ParticipantCommand.ReportPresence(record.LastNode, State.FindNode(record.LastNode)!.Record.Incarnation,
            [new(new(room), epoch ?? record.LastEpoch, new(identity), seat, joined)]));
    }

    public RoomRecord Get(string room) => State.FindRoom(new(room))!.Record;
    public NodeState GetNode(string node) => State.FindNode(new(node))!;
    public string[] EventNames(int from = 0) => [.. Events.Skip(from).Select(e => e.Event.Type.ToString())];

    public static byte[] SnapshotOf(ClusterState state)
    {
        using var stream = new MemoryStream();
        state.Capture().WriteTo(stream);
        return stream.ToArray();
    }

    public static ClusterState Restored(ClusterState state) => CapturedState.Restore(new MemoryStream(SnapshotOf(state)));

    /// <summary>Folds events anew, each through its canonical bytes.</summary>
    public static ClusterState Fold(IEnumerable<Recorded> events)
    {
        var state = new ClusterState();
        using var writer = new CanonicalWriter();
        foreach (var recorded in events)
        {
            writer.Reset();
            EventCodec.Write(recorded.Event, writer);
            state.Evolve(EventCodec.Read(recorded.Event.Type, recorded.Event.SchemaVersion, writer.WrittenSpan), recorded.Context);
        }
        return state;
    }
}
