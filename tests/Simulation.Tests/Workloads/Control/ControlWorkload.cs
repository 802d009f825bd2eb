using VideoScale.Consensus;
using VideoScale.ControlPlane.Commands;
using VideoScale.ControlPlane.Fleets;
using VideoScale.ControlPlane.Host.Leases;
using VideoScale.ControlPlane.Host.Replication;
using VideoScale.ControlPlane.Nodes;
using VideoScale.ControlPlane.Placement;
using VideoScale.Model;
using VideoScale.Simulation.Engine;
using VideoScale.Simulation.Plans;
using VideoScale.Simulation.Seams;
using VideoScale.Simulation.World;
using VideoScale.V1;
using Replica = VideoScale.Simulation.World.Replica;
using ReplicaRole = VideoScale.Consensus.ReplicaRole;

namespace VideoScale.Simulation.Workloads.Control;

/// <summary>The whole control plane: replicas with their loops, media nodes with their leases, clients that ask and ask again.</summary>
internal sealed partial class ControlWorkload : Workload
{
    private readonly ControlReplica[] _replicas;
    private readonly MediaAgent[] _agents;
    private readonly List<Attachment>[] _served;
    private readonly ControlClients _clients;
    private readonly LeaseChecker _leases;

    public ControlWorkload(Simulated world) : base(world)
    {
        Checker = new ControlChecker(world);
        _replicas = new ControlReplica[world.Plan.Slots];
        _served = new List<Attachment>[world.Plan.Slots];
        for (var i = 0; i < _served.Length; i++) _served[i] = [];
        _agents = new MediaAgent[world.Plan.MediaNodes];
        for (var i = 0; i < _agents.Length; i++) _agents[i] = new MediaAgent(world, this, i);
        Checker.Agents = _agents;
        _leases = new LeaseChecker(world);
        _clients = new ControlClients(world, this);
    }

    public ControlChecker Checker { get; }
    public IReadOnlyList<MediaAgent> Agents => _agents;

    public ControlReplica Of(Replica replica) => _replicas[replica.Slot];

    public void Progressed() => Progress++;

    public override IMachine MachineFor(Replica replica) => (_replicas[replica.Slot] = new ControlReplica(World, replica, Checker)).Machine;

    public override void Begin()
    {
        foreach (var agent in _agents) agent.Begin();
        _clients.Begin();
    }

    public override void Started(Replica replica) => Of(replica).Begin();

    public override void Stopped(Replica replica)
    {
        foreach (var attachment in _served[replica.Slot])
            if (World.Chance.OneIn(2)) attachment.IsBroken = true; // a dead process resets connections; a dead machine says nothing
        _served[replica.Slot].Clear();
    }

    public override void Happen(in Due due)
    {
        switch (due.Kind)
        {
            case Happening.LoopRound: Round(World.Replicas[due.Who], due); break;
            case Happening.Applied: Do(World.Replicas[due.Who], due); break;
            case Happening.NodeBeat: _agents[due.Who].Beat(due); break;
            case Happening.NodeHears:
                World.Counted();
                _agents[due.Who].Hear((Pipe)due.What!);
                break;
            case Happening.LeaderHears: LeaderHears(World.Replicas[due.Who], due); break;
            default: _clients.Happen(due); break;
        }
    }

    private void Round(Replica replica, in Due due)
    {
        if (replica.Life != due.Life) return;
        if (replica.IsPaused) World.At(replica.ResumesUs, due);
        else Of(replica).Round((int)due.Number);
        Pump(replica);
    }

    private void Do(Replica replica, in Due due)
    {
        if (replica.Life != due.Life) return;
        if (replica.IsPaused)
        {
            World.At(replica.ResumesUs, due);
            return;
        }
        Of(replica).Do((ControlReplica.Work)due.What!);
        Report(replica);
        Pump(replica);
    }

    public override void Proposed(Replica replica, object waiter, ulong index, object? reply) =>
        Of(replica).Plan(0, new ControlReplica.Work { Batch = (CommandPipeline.Batch)waiter, Reply = (byte[])reply! });

    public override object? Repeated(ReadOnlyMemory<byte> reply) => reply.ToArray();

    public override void ReadDone(Replica replica, ulong context, ulong index, bool ok) =>
        Of(replica).Plan(0, new ControlReplica.Work { ReadContext = context, ReadOk = ok });

    public override void RoleChanged(Replica replica)
    {
        var core = replica.Core!;
        Of(replica).Plan(200, new ControlReplica.Work { Role = new RoleChange((ReplicaRole)core.Role, core.Term, core.Leader) });
    }

    /// <summary>Whatever the hub has told its sessions goes out, node by node.</summary>
    public void Pump(Replica replica)
    {
        foreach (var attachment in _served[replica.Slot])
        {
            if (attachment.Session is not { } session) continue;
            while (session.Directives.TryRead(out var directive))
            {
                if (directive.HeartbeatAck is { } ack) _leases.Acknowledged(Of(replica), session, ack.Sequence);
                attachment.Down.Send(directive);
            }
            if (session.Directives.Completion.IsCompleted && !attachment.IsBroken)
            {
                attachment.Down.Send(new Closed(-1));
                attachment.Session = null;
            }
        }
        _served[replica.Slot].RemoveAll(static attachment => attachment.IsBroken);
    }

    /// <summary>A follower tells the leader what its state hashed to at the last mark.</summary>
    private void Report(Replica replica)
    {
        if (Of(replica).TakeMark() is not { } mark || replica.Core is not { } core) return;
        foreach (var leader in World.Replicas)
        {
            if (leader.Id != core.Leader || World.IsCut(replica.Slot, leader.Slot)) continue;
            var delay = World.DrawDelayUs(replica.Slot, leader.Slot);
            if (delay >= 0) World.At(World.NowUs + delay, new Due(Happening.LeaderHears, leader.Slot, leader.Life, replica.Id.Value, mark));
        }
    }

    public Attachment Connect(MediaAgent agent, Replica replica, ulong stream)
    {
        var attachment = new Attachment(replica.Slot, replica.Life, stream);
        attachment.Up = new Pipe(World, Happening.LeaderHears, agent.End, replica.Slot, replica.Slot, attachment);
        attachment.Down = new Pipe(World, Happening.NodeHears, replica.Slot, agent.End, agent.Number, attachment);
        return attachment;
    }

    private void LeaderHears(Replica replica, in Due due)
    {
        World.Counted();
        if (due.What is MarkedHash mark)
        {
            if (replica.Life == due.Life && replica.Runs)
                ControlReplica.Look(Of(replica).Checkpoints.ReportAsync(due.Number, mark, CancellationToken.None).AsTask());
            return;
        }
        var pipe = (Pipe)due.What!;
        var attachment = pipe.Attachment;
        if (replica.IsPaused)
        {
            pipe.PutOff(replica.ResumesUs);
            return;
        }
        if (replica.Core is null) return; // nobody answers; the node loses patience
        if (replica.Life != attachment.ReplicaLife)
        {
            attachment.IsBroken = true; // another process: it knows nothing of this connection
            return;
        }
        if (pipe.Take() is not AgentMessage message) return;
        switch (message.KindCase)
        {
            case AgentMessage.KindOneofCase.Hello: _ = Serve(replica, attachment, message.Hello); break;
            case AgentMessage.KindOneofCase.Heartbeat when attachment.Session is { } session:
                Of(replica).Fleet.Measured(session.Node, session.Incarnation, message.Heartbeat.Load, message.Heartbeat.Leaving);
                _leases.Arrived(session, message.Heartbeat.Sequence);
                Of(replica).Grants.Heard(session, message.Heartbeat);
                Of(replica).Grant();
                break;
            case AgentMessage.KindOneofCase.Report when attachment.Session is not null:
                attachment.Waiting.Enqueue(message.Report);
                if (attachment.Carrying.IsCompleted) attachment.Carrying = Carry(replica, attachment);
                break;
            default: break;
        }
        Pump(replica);
    }

    /// <summary>As the product's Attach: register, join the hub, or say why not.</summary>
    private async Task Serve(Replica replica, Attachment attachment, AgentHello hello)
    {
        var control = Of(replica);
        var description = new NodeDescription(new NodeId(hello.NodeId), hello.Incarnation, "", "", hello.Address,
            new ControlPlane.Placement.Capacity(hello.Capacity.Publishers, hello.Capacity.Subscribers, hello.Capacity.BitrateKbps));
        var actor = new ControlPlane.Commands.Actor(hello.NodeId, ActorKind.Node, ActorAuthMethod.MutualTls);
        if (control.Leadership.IsMine && await control.Hub.FindLivingIncumbentAsync(description, control.Clock) is not null)
        {
            attachment.Down.Send(new Closed(-1));
            return;
        }
        var result = await control.Pipeline.SubmitAsync(
            new CommandEnvelope(new NodeCommand.Register(description), actor, CorrelationId: hello.NodeId), CancellationToken.None);
        if (result.Status != SubmitStatus.Applied || replica.Core is null)
        {
            attachment.Down.Send(new Closed(Hint(replica)));
            return;
        }
        if (result.Reply!.Failure is not null)
        {
            Refuse(control, attachment, description);
            return;
        }
        var session = new AgentSession(description.Node, description.Incarnation, hello.Held);
        if (!await control.Hub.JoinAsync(session))
        {
            attachment.Down.Send(control.Leadership.IsMine ? new AgentDirective { Expelled = new Expelled { Reason = "over" } }
                : new Closed(-1));
            return;
        }
        attachment.Session = session;
        attachment.Reports = new AgentReports(session, control.Pipeline, actor);
        _served[replica.Slot].Add(attachment);
        _served[replica.Slot].Sort(static (a, b) => string.CompareOrdinal(a.Session?.Node.Value, b.Session?.Node.Value));
        Pump(replica);
    }

    private static void Refuse(ControlReplica control, Attachment attachment, NodeDescription description)
    {
        var known = control.Machine.Inner.State.FindNode(description.Node)?.Record;
        var isOver = known is not null
            && (known.Incarnation == description.Incarnation ? known.IsGone : known.FencedIncarnations.Contains(description.Incarnation));
        if (isOver)
        {
            attachment.Down.Send(new AgentDirective { Expelled = new Expelled { Reason = "over" } });
            return;
        }
        if (known is not null && known.Incarnation != description.Incarnation)
        {
            Marks.Hit(Mark.OtherIncarnationSeen);
            control.Terms.Current?.Leases.OtherIncarnationSeen(description.Node, known.Incarnation);
        }
        attachment.Down.Send(new Closed(-1));
    }

    private int Hint(Replica replica)
    {
        foreach (var other in World.Replicas)
            if (other != replica && other.Id == replica.Core?.Leader) return other.Slot;
        return -1;
    }

    /// <summary>Reports into the log in order; what has an unknown fate ends the connection, and the node says it all again.</summary>
    private async Task Carry(Replica replica, Attachment attachment)
    {
        while (attachment.Waiting.Count > 0 && !attachment.IsBroken && attachment.Session is { } session)
        {
            var together = new List<RoomReport>(attachment.Waiting);
            attachment.Waiting.Clear();
            try
            {
                foreach (var commands in attachment.Reports!.Commands(together))
                    await attachment.Reports.CarryAsync(commands, CancellationToken.None);
                session.ReportsDone = together[^1].Sequence;
            }
            catch (Grpc.Core.RpcException)
            {
                attachment.Down.Send(new Closed(-1));
                attachment.Session = null;
                Of(replica).Hub.Leave(session);
            }
        }
    }

    public override string? NotConverged(Replica leader)
    {
        foreach (var agent in _agents)
            if (!agent.IsServed) return $"{agent.Name} has no lease";
        var state = Of(leader).Machine.Inner.State;
        if (state.Revoked.Count > 0) return $"{state.Revoked.Count} rooms are still being handed over";
        foreach (var room in state.WaitingForPlacement()) // none of them for want of trying
            if (Of(leader).Fleet.CouldPlace(PlacementInputs.For(room))) return $"room {room.Name} waits for a node, and there is one";
        return _clients.NotConverged();
    }

    public override void Finish() => Checker.Finish();
}
