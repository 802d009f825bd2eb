using System.Globalization;
using VideoScale.Consensus;
using VideoScale.ControlPlane.Commands;
using VideoScale.ControlPlane.Drain;
using VideoScale.ControlPlane.Host.Replication;
using VideoScale.ControlPlane.Nodes;
using VideoScale.ControlPlane.Outcomes;
using VideoScale.ControlPlane.Participants;
using VideoScale.ControlPlane.Rooms;
using VideoScale.Model;
using VideoScale.Simulation.Engine;
using VideoScale.Simulation.Plans;
using VideoScale.Simulation.Seams;
using VideoScale.Simulation.World;

namespace VideoScale.Simulation.Workloads.Control;

/// <summary>
/// Clients of the control plane. Each asks one thing at a time, under one request id until it is answered; the last of them is the
/// operator.
/// </summary>
internal sealed class ControlClients
{
    private const long PatienceUs = 1_500_000;
    private readonly Simulated _world;
    private readonly ControlWorkload _workload;
    private readonly Client[] _clients;
    private ulong _floor;

    private sealed class Client(int number)
    {
        public int Number { get; } = number;
        public ulong Sequence { get; set; }
        public DomainCommand? Command { get; set; }
        public RoomId Reads { get; set; }
        public ulong Operation { get; set; }
        public bool IsBusy { get; set; }
        public ulong Floor { get; set; }
        public long CalledUs { get; set; }
        public int Target { get; set; }
        public Queue<DomainCommand> Wishes { get; } = new();
        public string RequestId { get; set; } = "";
    }

    private sealed record Asking(Client Client, ulong Operation, string RequestId, ulong Floor, bool OtherBody);

    private sealed record Answer(Asking Asking, int Hint, CommandReply? Reply, bool IsRead, Epoch Epoch, NodeId Node, ulong ReadIndex);

    private sealed record SeatCall(RoomId Room, Epoch Epoch, ParticipantIdentity Identity, ulong Seat, bool Leaves);

    public ControlClients(Simulated world, ControlWorkload workload)
    {
        (_world, _workload) = (world, workload);
        _clients = new Client[world.Plan.Clients + 1];
        for (var i = 0; i < _clients.Length; i++) _clients[i] = new Client(i);
    }

    private Client Operator => _clients[^1];

    public void Begin()
    {
        for (var i = 0; i < _clients.Length - 1; i++)
            _world.At(_world.NowUs + 300_000 + _world.Chance.Below(500_000), new Due(Happening.ClientActs, i, 0, 0, null));
    }

    /// <summary>A drain or a cordon, and after its time the way back.</summary>
    public void Operate(MediaAgent agent, Fault fault)
    {
        var node = new NodeId(agent.Name);
        Operator.Wishes.Enqueue(fault.Kind == FaultKind.NodeDrain
            ? new DrainCommand.Begin(node, fault.ForMs % 3 == 0 ? 0UL : (ulong)fault.ForMs) : new NodeCommand.Cordon(node));
        if (fault.Kind == FaultKind.NodeDrain && fault.ForMs % 5 == 0) Operator.Wishes.Enqueue(new DrainCommand.Cancel(node));
        _world.At(_world.NowUs + fault.ForMs * 1000, new Due(Happening.ClientActs, Operator.Number, 1, 0, new NodeCommand.Uncordon(node)));
        if (!Operator.IsBusy) Act(Operator, Operator.Operation);
    }

    /// <summary>So that rooms have somewhere to go at the end.</summary>
    public void Heal()
    {
        foreach (var agent in _workload.Agents) Operator.Wishes.Enqueue(new NodeCommand.Uncordon(new NodeId(agent.Name)));
        if (!Operator.IsBusy) Act(Operator, Operator.Operation);
    }

    public string? NotConverged() => Array.Exists(_clients, client => client.IsBusy) ? "a client still waits for its answer" : null;

    public void Happen(in Due due)
    {
        switch (due.Kind)
        {
            case Happening.ClientActs when due.Life == 1: // an operator's later wish
                Operator.Wishes.Enqueue((DomainCommand)due.What!);
                if (!Operator.IsBusy) Act(Operator, Operator.Operation);
                break;
            case Happening.ClientActs: Act(_clients[due.Who], due.Number); break;
            case Happening.Asked when due.What is SeatCall seat: Seat(_workload.Agents[due.Who], seat); break;
            // its socket keeps it
            case Happening.Asked when _world.Replicas[due.Who].IsPaused: _world.At(_world.Replicas[due.Who].ResumesUs, due); break;
            case Happening.Asked: Asked(_world.Replicas[due.Who], (Asking)due.What!); break;
            case Happening.Answered: Answered((Answer)due.What!); break;
            default: throw new InvalidOperationException(due.Kind.ToString());
        }
    }

    private void Act(Client client, ulong operation)
    {
        if (operation != client.Operation) return;
        if (!client.IsBusy)
        {
            if (!Begin(client)) return;
        }
        else client.Target = _world.Chance.Below(_world.Replicas.Length);
        Ask(client, otherBody: client.Command is not null && _world.Chance.OneIn(50));
        _world.At(_world.NowUs + PatienceUs, new Due(Happening.ClientActs, client.Number, 0, client.Operation, null));
    }

    private bool Begin(Client client)
    {
        client.Command = client.Wishes.TryDequeue(out var wish) ? wish : null;
        if (client.Command is null)
        {
            if (_world.IsQuiet || client == Operator) return false;
            Choose(client);
        }
        if (client.Command is not null) client.RequestId = NewRequestId(client);
        client.IsBusy = true;
        client.Operation++;
        (client.Floor, client.CalledUs) = (_floor, _world.NowUs);
        return true;
    }

    /// <summary>With the time inside, as most clients make them (UUID version 7); a client's clock is right.</summary>
    private string NewRequestId(Client client) =>
        (ProcessClock.EpochMs + _world.NowMs).ToString("x12", CultureInfo.InvariantCulture)
            + $"7000800{client.Number:x1}{++client.Sequence:x12}";

    private void Choose(Client client)
    {
        var chance = _world.Chance;
        var room = new RoomId("room-" + chance.Below(_world.Plan.Rooms));
        var identity = new ParticipantIdentity("user-" + chance.Below(12));
        client.Command = chance.Below(20) switch
        {
            < 4 => new RoomCommand.Create(room, new RoomSettings(4, "", (uint)chance.Of([0, 3, 6]), 2, (ulong)chance.Of([2_000, 20_000]),
                default)),
            < 9 => new ParticipantCommand.Admit(room, identity, chance.OneIn(3) ? ParticipantRole.Publisher : ParticipantRole.Subscriber),
            9 => new ParticipantCommand.Remove(room, identity, ""),
            10 => new RoomCommand.Close(room, Epoch.None),
            11 or 12 => new RoomCommand.Move(room, new NodeId(""), Epoch.None),
            _ => null,
        };
        client.Reads = room;
    }

    private void Ask(Client client, bool otherBody)
    {
        var delay = _world.DrawDelayUs(client.Target, client.Target);
        if (delay >= 0)
            _world.At(_world.NowUs + delay, new Due(Happening.Asked, client.Target, 0, client.Operation,
                new Asking(client, client.Operation, client.RequestId, client.Floor, false)));
        if (otherBody)
            _world.At(_world.NowUs + Math.Max(delay, 0) + 1_000,
                new Due(Happening.Asked, client.Target, 0, client.Operation,
                new Asking(client, client.Operation, client.RequestId, client.Floor, true)));
    }

    private void Asked(Replica replica, Asking asking)
    {
        var client = asking.Client;
        if (!replica.Runs || client.Operation != asking.Operation) return;
        if (client.Command is null) ControlReplica.Look(Read(replica, asking));
        else ControlReplica.Look(Submit(replica, asking));
        _workload.Pump(replica);
    }

    private async Task Submit(Replica replica, Asking asking)
    {
        var client = asking.Client;
        var control = _workload.Of(replica);
        var fingerprint = (UInt128)(asking.OtherBody ? 2UL : 1UL);
        var command = asking.OtherBody ? new RoomCommand.Create(new RoomId("other-" + client.Number), RoomSettings.Default)
            : client.Command!;
        var envelope = new CommandEnvelope(command,
            new ControlPlane.Commands.Actor("client-" + client.Number, ActorKind.Operator, ActorAuthMethod.Token),
            new RequestKey("Do", client.RequestId, fingerprint), CorrelationId: client.RequestId);
        var result = await control.Pipeline.SubmitAsync(envelope, CancellationToken.None);
        if (result.Status == SubmitStatus.Applied)
            Send(replica, new Answer(asking, replica.Slot, result.Reply, false, default, default, 0));
        else if (result.Status == SubmitStatus.NotLeader)
            Send(replica, new Answer(asking, Hint(replica), null, false, default, default, 0));
    }

    private int Hint(Replica replica)
    {
        foreach (var other in _world.Replicas)
            if (other.Id == replica.Core?.Leader) return other.Slot;
        return _world.Chance.Below(_world.Replicas.Length);
    }

    private async Task Read(Replica replica, Asking asking)
    {
        var control = _workload.Of(replica);
        var fence = await control.Log.ReadFenceAsync(ReadMode.Linearizable, CancellationToken.None);
        if (!fence.Ok)
        {
            Send(replica, new Answer(asking, Hint(replica), null, true, default, default, 0));
            return;
        }
        var record = control.Machine.Inner.State.FindRoom(asking.Client.Reads)?.Record;
        Send(replica, new Answer(asking, replica.Slot, null, true, record?.LastEpoch ?? Epoch.None, record?.ActiveNode ?? new NodeId(""),
            fence.Index));
    }

    private void Send(Replica from, Answer answer)
    {
        var delay = _world.DrawDelayUs(from.Slot, from.Slot);
        if (delay < 0) return;
        var again = answer.Reply is null && answer.ReadIndex == 0 ? 20_000 : 0;
        _world.At(_world.NowUs + delay + again, new Due(Happening.Answered, from.Slot, 0, answer.ReadIndex, answer));
    }

    private void Answered(Answer answer)
    {
        var (client, asking) = (answer.Asking.Client, answer.Asking);
        if (answer.Reply is { } reply) _workload.Checker.Answered(asking.RequestId, asking.OtherBody, reply, asking.Floor);
        if (asking.OtherBody) return;
        if (client.Operation != answer.Asking.Operation || !client.IsBusy) return;
        client.Target = answer.Hint;
        if (answer.Reply is null && answer.ReadIndex == 0)
        {
            Ask(client, otherBody: false);
            return;
        }
        if (answer.IsRead)
        {
            if (answer.ReadIndex < client.Floor)
                throw new Violation("linearizable-reads",
                    $"a read saw index {answer.ReadIndex}, but {client.Floor} was acknowledged before it began");
            _floor = Math.Max(_floor, answer.ReadIndex);
            _workload.Checker.Read(client.Reads, answer.Epoch, answer.Node, client.CalledUs);
            Marks.Hit(Mark.ReadAnswered);
        }
        else Acknowledged(client, answer.Reply!);
        _workload.Progressed();
        client.IsBusy = false;
        client.Operation++;
        _world.At(_world.NowUs + _world.Chance.Below(2_000 * _world.Plan.ThinkMs) + 1_000,
            new Due(Happening.ClientActs, client.Number, 0, client.Operation, null));
    }

    private void Acknowledged(Client client, CommandReply reply)
    {
        if (reply.Failure is { Code: FailureCode.InvalidArgument }) return; // the other body was first
        _floor = Math.Max(_floor, reply.Index);
        Marks.Hit(Mark.WriteAcknowledged);
        if (client.Command is not ParticipantCommand.Admit admit || reply.Failure is not null || reply.Outcome.Node.IsNone) return;
        var agent = _workload.Agents[reply.Outcome.Node.Value[^1] - '0'];
        var call = new SeatCall(admit.Room, reply.Outcome.Epoch, admit.Identity, reply.Outcome.Seat.SeatId, false);
        _world.At(_world.NowUs + 5_000 + _world.Chance.Below(_world.Chance.OneIn(5) ? 6_000_000 : 200_000),
            new Due(Happening.Asked, agent.Number, 0, call.Seat, call));
    }

    private void Seat(MediaAgent agent, SeatCall call)
    {
        if (agent.IsDown) return;
        if (agent.IsPaused)
        {
            _world.At(agent.ResumesUs, new Due(Happening.Asked, agent.Number, 0, call.Seat, call));
            return;
        }
        if (call.Leaves)
        {
            agent.LeaveSeat(call.Room, call.Epoch, call.Identity, call.Seat);
            return;
        }
        if (agent.TakeSeat(call.Room, call.Epoch, call.Identity, call.Seat).IsGranted)
            _world.At(_world.NowUs + 1_000_000 + _world.Chance.Below(5_000_000),
                new Due(Happening.Asked, agent.Number, 0, call.Seat, call with { Leaves = true }));
    }
}
