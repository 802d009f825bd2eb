using VideoScale.Consensus;
using VideoScale.Consensus.Core;
using VideoScale.Simulation.Engine;
using VideoScale.Simulation.Seams;
using VideoScale.Simulation.World;

namespace VideoScale.Simulation.Workloads;

/// <summary>
/// Clients of the bare log: each writes its numbers one after the other, again under the same id until it is answered, and reads in
/// between.
/// </summary>
internal sealed class JournalWorkload : Workload
{
    private const long PatienceUs = 700_000;
    private readonly Client[] _clients;
    private static readonly object Unwaited = new();
    private readonly Dictionary<ulong, Asking> _reads = [];
    private ulong _noise;

    private sealed class Client(int number)
    {
        public int Number { get; } = number;
        public ulong Sequence { get; set; }
        public byte[]? Command { get; set; }
        public ulong Operation { get; set; }
        public bool IsBusy { get; set; }
        public bool Reads { get; set; }
        public long DeadlineUs { get; set; }
        public ulong Floor { get; set; }
        public int Target { get; set; }
    }

    private sealed record Asking(Client Client, ulong Operation);

    public JournalWorkload(Simulated world) : base(world)
    {
        _clients = new Client[world.Plan.Clients];
        for (var i = 0; i < _clients.Length; i++) _clients[i] = new Client(i);
    }

    public override IMachine MachineFor(Replica replica) => new JournalMachine(World.Plan.Clients);

    public override void Begin()
    {
        foreach (var client in _clients)
            World.At(1_000 + World.Chance.Below(100_000), new Due(Happening.ClientActs, client.Number, 0, 0, null));
        if (World.Plan.Flood > 0) World.At(1_000_000, new Due(Happening.ClientActs, _clients.Length, 0, 0, null));
    }

    public override void Happen(in Due due)
    {
        switch (due.Kind)
        {
            case Happening.ClientActs when due.Who == _clients.Length: Flood(); break;
            case Happening.ClientActs: Act(_clients[due.Who], due.Number); break;
            // its socket keeps it
            case Happening.Asked when World.Replicas[due.Who].IsPaused: World.At(World.Replicas[due.Who].ResumesUs, due); break;
            case Happening.Asked: Asked(World.Replicas[due.Who], (Asking)due.What!); break;
            case Happening.Answered: Answered((Asking)due.What!, due.Who, due.Number); break;
            default: throw new InvalidOperationException(due.Kind.ToString());
        }
    }

    private void Flood()
    {
        if (World.IsQuiet) return;
        World.At(World.NowUs + 200_000 + World.Chance.Below(2_000_000), new Due(Happening.ClientActs, _clients.Length, 0, 0, null));
        var leaders = Array.FindAll(World.Replicas, replica => replica.IsLeader && replica.Runs);
        if (leaders.Length == 0) return;
        var leader = leaders[World.Chance.Below(leaders.Length)]; // perhaps one that leads no more and does not know it yet
        for (var i = World.Chance.Between(1, World.Plan.Flood); i > 0; i--)
            if (!leader.Propose(ProposalId.None, JournalMachine.Noise(++_noise), Unwaited)) return;
    }

    private void Act(Client client, ulong operation)
    {
        if (operation != client.Operation) return; // a timer of something that is over
        if (!client.IsBusy)
        {
            if (World.IsQuiet) return;
            client.IsBusy = true;
            client.Operation++;
            client.Floor = World.Checker.Floor;
            client.Reads = World.Chance.Hits(World.Plan.ReadPerMille);
            if (!client.Reads) client.Command = JournalMachine.Command(client.Number, ++client.Sequence);
            else client.Target = World.Chance.Below(World.Replicas.Length);
        }
        else
        {
            client.Target = World.Chance.Below(World.Replicas.Length); // nobody answered: somebody else may
            if (client.Reads)
            {
                client.Operation++; // a read that nobody answered is over; another begins
                client.Floor = World.Checker.Floor;
            }
        }
        client.DeadlineUs = World.NowUs + PatienceUs;
        Ask(client);
        World.At(client.DeadlineUs, new Due(Happening.ClientActs, client.Number, 0, client.Operation, null));
    }

    private void Ask(Client client)
    {
        var delay = World.DrawDelayUs(client.Target, client.Target);
        if (delay >= 0)
            World.At(World.NowUs + delay,
                new Due(Happening.Asked, client.Target, 0, client.Operation, new Asking(client, client.Operation)));
    }

    private void Asked(Replica replica, Asking asking)
    {
        var client = asking.Client;
        if (!replica.Runs || client.Operation != asking.Operation) return;
        if (client.Reads)
        {
            _reads[replica.NextReadContext] = asking;
            replica.Read();
            return;
        }
        var id = new ProposalId((ulong)client.Number + 1, client.Sequence);
        if (!replica.Propose(id, client.Command!, asking) && replica.Core is { } core) Answer(replica, asking, 0, HintOf(core));
    }

    private int HintOf(RaftCore core)
    {
        foreach (var replica in World.Replicas)
            if (replica.Id == core.Leader) return replica.Slot;
        return World.Chance.Below(World.Replicas.Length);
    }

    /// <param name="index">Where it stands, or what was read; 0 when the asked one cannot do it.</param>
    private void Answer(Replica from, Asking asking, ulong index, int hint)
    {
        var delay = World.DrawDelayUs(from.Slot, from.Slot);
        if (delay >= 0) World.At(World.NowUs + delay + (index == 0 ? 20_000 : 0), new Due(Happening.Answered, hint, 0, index, asking));
    }

    public override void Proposed(Replica replica, object waiter, ulong index, object? reply)
    {
        World.Checker.Answered(index);
        if (waiter is not Asking asking) return;
        Answer(replica, asking, index, replica.Slot);
    }

    public override object? Repeated(ReadOnlyMemory<byte> reply) => null;

    public override void ReadDone(Replica replica, ulong context, ulong index, bool ok)
    {
        if (!_reads.Remove(context, out var asking)) return; // a repeated answer
        if (ok) Answer(replica, asking, Math.Max(index, 1), replica.Slot);
    }

    private void Answered(Asking asking, int hint, ulong index)
    {
        var client = asking.Client;
        if (client.Operation != asking.Operation || !client.IsBusy) return;
        client.Target = hint;
        if (index == 0)
        {
            Ask(client);
            return;
        }
        if (client.Reads) World.Checker.ReadAnswered(index, client.Floor);
        else World.Checker.Acknowledged(index);
        Progress++;
        client.IsBusy = false;
        client.Operation++;
        Marks.Hit(client.Reads ? Mark.ReadAnswered : Mark.WriteAcknowledged);
        World.At(World.NowUs + World.Chance.Below(2_000 * World.Plan.ThinkMs),
            new Due(Happening.ClientActs, client.Number, 0, client.Operation, null));
    }
}
