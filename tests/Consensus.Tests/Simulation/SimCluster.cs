namespace VideoScale.Consensus.Tests.Simulation;

/// <summary>A cluster in one thread, from one seed: real cores, simulated time, network, disks and crashes.</summary>
internal sealed class SimCluster
{
    private const int TickMs = 10;
    private const ulong MaxWrites = 1_500;

    private readonly PriorityQueue<Action, (long AtMs, long Order)> _events = new();
    private readonly List<SimNode> _nodes = [];
    private readonly bool[,] _cut;
    private readonly Dictionary<string, int> _marks;
    private readonly MemberId[] _ids;
    private long _order;
    private ulong _nextCommand = 1;
    private bool _healed;
    private bool _quiet;

    public SimCluster(SimPlan plan, Dictionary<string, int> marks)
    {
        Plan = plan;
        _marks = marks;
        Random = new Random(plan.Seed ^ 0x5EED);
        _ids = [.. Enumerable.Range(1, plan.Nodes).Select(i => new MemberId((ulong)i))];
        var membership = Membership.Of(_ids.AsSpan(0, plan.Voters)) with { Learners = [.. _ids.Skip(plan.Voters)] };
        foreach (var id in _ids) _nodes.Add(new SimNode(this, id, membership));
        _cut = new bool[plan.Nodes, plan.Nodes];
    }

    public SimPlan Plan { get; }
    public Random Random { get; }
    public SimChecker Checker { get; } = new();
    public IReadOnlyList<SimNode> Nodes => _nodes;
    public long NowMs { get; private set; }
    public long Events { get; private set; }

    public void Mark(string what) => _marks[what] = _marks.GetValueOrDefault(what) + 1;

    /// <summary>Faults first, then all is well for a while: by the end everybody must have caught up and writes must go through.</summary>
    public void Run()
    {
        foreach (var node in _nodes) node.Start();
        foreach (var fault in Plan.Faults) At(fault.AtMs, () => Inject(fault));
        At(1, ClientStep);
        RunUntil(Plan.FaultPhaseMs);
        Heal();
        var before = Checker.Floor;
        RunUntil(Plan.FaultPhaseMs + Plan.HealedPhaseMs);
        var patience = NowMs + 20_000; // the narrowest windows need long for a backlog
        while (Checker.Floor <= before)
        {
            if (NowMs >= patience) throw new SimViolation($"no write goes through without faults: {Describe()}");
            RunUntil(NowMs + 100);
        }
        _quiet = true;
        while (NotConverged() is { } why)
        {
            if (NowMs >= patience) throw new SimViolation($"{why}: {Describe()}");
            RunUntil(NowMs + 100);
        }
    }

    private void RunUntil(long untilMs)
    {
        while (_events.TryPeek(out _, out var when) && when.AtMs <= untilMs)
        {
            NowMs = when.AtMs;
            Events++;
            _events.Dequeue()();
        }
        NowMs = untilMs;
    }

    private string? NotConverged()
    {
        if (_nodes.FirstOrDefault(node => node.Core!.Role == RaftRole.Leader) is not { } leader) return "no leader after healing";
        if (leader.Applied < leader.Core!.Log.LastIndex) return "what was proposed is not committed";
        foreach (var node in _nodes.Where(node => leader.Core!.Membership.IsMember(node.Id)))
        {
            if (node.Applied != leader.Applied) return $"{node.Id} did not catch up";
            if (!node.State.SequenceEqual(leader.State)) throw new SimViolation($"{node.Id} has another state: {Describe()}");
        }
        return null;
    }

    private string Describe() => string.Join("; ", _nodes.Select(node =>
        $"{node.Id} {node.Core?.Role} term {node.Core?.Term} commit {node.Core?.CommitIndex} applied {node.Applied} last {node.Core?.Log.LastIndex} base {node.Core?.Log.BaseIndex}"));

    private void ClientStep()
    {
        if (_quiet) return;
        _nodes[Random.Next(_nodes.Count)].Read();
        var burst = _healed ? 1 : _nextCommand > MaxWrites ? 0 : Plan.Burst; // a backlog that narrow windows can still carry
        foreach (var node in _nodes) // every node that believes it leads is asked, as misled clients would
        {
            for (var i = 0; Running(node) && i < burst; i++) node.Propose(_nextCommand++);
        }
        At(NowMs + (_healed ? 30 : 1) + Random.Next(2 * Plan.WritePeriodMs), ClientStep);
    }

    private void Inject(Fault fault)
    {
        var node = _nodes[fault.Node];
        switch (fault.Kind)
        {
            case FaultKind.CutOneWay: _cut[fault.Node, fault.Other] = true; break;
            case FaultKind.Isolate or FaultKind.IsolateLeader:
                var at = fault.Kind == FaultKind.IsolateLeader ? Math.Max(0, _nodes.FindIndex(other => other.Core?.Role == RaftRole.Leader)) : fault.Node;
                for (var i = 0; i < _nodes.Count; i++) (_cut[at, i], _cut[i, at]) = (true, true);
                break;
            case FaultKind.HealLinks: Array.Clear(_cut); break;
            case FaultKind.Crash or FaultKind.CrashLeader:
                if (fault.Kind == FaultKind.CrashLeader) node = _nodes.FirstOrDefault(other => other.Core?.Role == RaftRole.Leader) ?? node;
                node.Crash();
                At(NowMs + fault.ForMs, () => { if (node.Core is null) node.Start(); });
                break;
            case FaultKind.Restart:
                node.Crash();
                node.Start();
                break;
            case FaultKind.Pause: node.PausedUntil = NowMs + fault.ForMs; break;
            case FaultKind.SlowDisk: node.SlowUntil = NowMs + fault.ForMs; break;
            case FaultKind.Transfer: node.Step(RaftInput.Transfer(_ids[fault.Other])); break;
            default: ChangeMembership(node, fault.Other); break;
        }
        Mark(fault.Kind.ToString());
    }

    private void ChangeMembership(SimNode node, int chance)
    {
        if (node.Core is not { Role: RaftRole.Leader }) return;
        var voters = _ids.Where((id, i) => id == node.Id || ((chance + i) % 3) != 0).ToArray();
        var learners = _ids.Except(voters).Where((_, i) => i % 2 == 0).ToArray();
        node.Step(RaftInput.ChangeMembership(Membership.Of(voters) with { Learners = [.. learners] }));
    }

    private void Heal()
    {
        _healed = true;
        Array.Clear(_cut);
        foreach (var node in _nodes)
        {
            node.PausedUntil = 0;
            node.SlowUntil = 0;
            if (node.Core is null) node.Start();
        }
    }

    private bool Running(SimNode node) => node.Core is not null && node.PausedUntil <= NowMs;

    private void At(long atMs, Action action) => _events.Enqueue(action, (atMs, _order++));

    /// <summary>Later, at a node as it is now: not after a crash, and not during a pause.</summary>
    public void After(SimNode node, long delayMs, Action action) => Guarded(node, node.Incarnation, NowMs + delayMs, action);

    private void Guarded(SimNode node, int incarnation, long atMs, Action action) => At(atMs, () =>
    {
        if (node.Incarnation != incarnation) return;
        if (node.PausedUntil > NowMs) Guarded(node, incarnation, node.PausedUntil, action);
        else action();
    });

    public void ScheduleTick(SimNode node) => After(node, TickMs - 1 + Random.Next(3), () =>
    {
        node.Step(RaftInput.Tick());
        ScheduleTick(node);
    });

    public void ScheduleSync(SimNode node)
    {
        var slow = node.SlowUntil > NowMs ? 10 : 1;
        After(node, (1 + Random.Next(Plan.MaxSyncMs)) * slow, node.Synced);
    }

    public void Send(in Message message)
    {
        var copy = message with { Entries = message.Entries.ToArray() };
        var (from, to) = ((int)message.From.Value - 1, (int)message.To.Value - 1);
        var copies = Hits(Plan.DuplicatePerMille) ? 2 : 1;
        for (var i = 0; i < copies; i++)
        {
            if (Hits(Plan.LossPerMille)) continue;
            var target = _nodes[to];
            At(NowMs + 1 + Random.Next(Plan.MaxDelayMs), () => Deliver(target, from, to, copy));
        }
    }

    private void Deliver(SimNode target, int from, int to, Message message)
    {
        if (_cut[from, to] || target.Core is null) return;
        if (target.PausedUntil > NowMs) At(target.PausedUntil, () => Deliver(target, from, to, message));
        else target.Step(RaftInput.Received(message));
    }

    public void SendSnapshot(SimNode sender, MemberId to)
    {
        var snapshot = sender.Disk.Snapshot;
        var (term, target) = (sender.Core!.Term, _nodes[(int)to.Value - 1]);
        After(sender, 5 + Random.Next(60), () =>
        {
            var arrives = !_cut[(int)sender.Id.Value - 1, (int)to.Value - 1] && Running(target) && !Hits(100);
            sender.Step(RaftInput.SnapshotSent(to, snapshot.Meta.Index, arrives));
            if (!arrives) return;
            target.Disk.Keep(snapshot); // durable before the core hears of it; a crash may come in between
            After(target, 1 + Random.Next(10), () => target.Step(RaftInput.SnapshotReceived(sender.Id, term, snapshot.Meta)));
        });
    }

    private bool Hits(int perMille) => !_healed && perMille > 0 && Random.Next(1000) < perMille;
}
