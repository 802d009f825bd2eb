using VideoScale.Consensus;
using VideoScale.Consensus.Core;
using VideoScale.Simulation.Engine;
using VideoScale.Simulation.Plans;
using VideoScale.Simulation.Seams;

namespace VideoScale.Simulation.World;

/// <summary>What the fault schedule does, and the end of it all.</summary>
internal sealed partial class Simulated
{
    /// <summary>How a fault ends.</summary>
    private sealed class Ending
    {
        public static readonly Ending Start = new();
        public List<(int From, int To)> Links { get; } = [];
        public ProcessClock? Clock { get; init; }
        public long ClockOffMs { get; init; }
    }

    private void Inject(Fault fault)
    {
        if (IsTraced) Tell($"fault {fault}");
        if (fault.Kind >= FaultKind.NodeCut)
        {
            Workload.Inject(fault);
            return;
        }
        var replica = Replicas[fault.Where % Replicas.Length];
        var other = Replicas[fault.Other % Replicas.Length];
        var leader = Leader() ?? replica;
        switch (fault.Kind)
        {
            case FaultKind.CutOneWay: Cut(fault, (from, to) => from == replica.Slot && to == other.Slot); Marks.Hit(Mark.CutOneWay); break;
            case FaultKind.Isolate: Cut(fault, (from, to) => from == replica.Slot != (to == replica.Slot)); Marks.Hit(Mark.Isolated); break;
            case FaultKind.IsolateLeader:
                Cut(fault, (from, to) => from == leader.Slot != (to == leader.Slot)); Marks.Hit(Mark.LeaderIsolated); break;
            case FaultKind.DeafLeader: Cut(fault, (_, to) => to == leader.Slot); Marks.Hit(Mark.LeaderDeaf); break;
            case FaultKind.MuteLeader: Cut(fault, (from, _) => from == leader.Slot); Marks.Hit(Mark.LeaderMute); break;
            case FaultKind.Halves:
                Cut(fault, (from, to) => ((from + fault.Where) & 1) != ((to + fault.Where) & 1)); Marks.Hit(Mark.Halves); break;
            case FaultKind.Sides: CutSides(fault.Amount, fault.ForMs); Marks.Hit(Mark.Sides); break;
            case FaultKind.StallDisks:
                _stalledUntilUs = Math.Max(_stalledUntilUs, Math.Min(NowUs + fault.ForMs * 1000, Plan.FaultsUntilMs * 1000));
                Marks.Hit(Mark.DisksStalled);
                break;
            case FaultKind.Clog: _clogs[replica.Slot, other.Slot] = NowUs + fault.ForMs * 1000; Marks.Hit(Mark.LinkClogged); break;
            case FaultKind.Crash: CrashFor(replica, fault.ForMs); break;
            case FaultKind.CrashLeader: CrashFor(leader, fault.ForMs); Marks.Hit(Mark.LeaderCrashed); break;
            case FaultKind.CrashAll:
                foreach (var each in Replicas) CrashFor(each, fault.ForMs);
                Marks.Hit(Mark.AllCrashed);
                break;
            case FaultKind.Restart:
                replica.Crash();
                replica.Start();
                Marks.Hit(Mark.Restarted);
                break;
            case FaultKind.Pause: Pause(replica, fault.ForMs); Marks.Hit(Mark.Paused); break;
            case FaultKind.PauseLeader: Pause(leader, fault.ForMs); Marks.Hit(Mark.LeaderPaused); break;
            case FaultKind.FreezeLeader:
                Pause(leader, fault.Amount);
                CutSides((1L << leader.Slot) | ((long)fault.Other << Plan.Slots), fault.ForMs);
                Marks.Hit(Mark.LeaderFrozen);
                break;
            case FaultKind.SlowDisk: replica.SlowUntilUs = NowUs + fault.ForMs * 1000; Marks.Hit(Mark.DiskSlow); break;
            case FaultKind.Rot: Rot(replica); break;
            case FaultKind.Wipe: Wipe(replica); break;
            case FaultKind.LoseLog: LoseLog(replica, whole: fault.Amount == 1, fault.ForMs); break;
            case FaultKind.ClockStep: replica.Clock.WallStepMs += fault.Amount; Marks.Hit(Mark.ClockStepped); break;
            case FaultKind.ClockFarOff:
                replica.Clock.WallStepMs += fault.Amount;
                _agenda.Add(NowUs + fault.ForMs * 1000,
                    new Due(Happening.FaultEnds, 0, 0, 0, new Ending { Clock = replica.Clock, ClockOffMs = fault.Amount }));
                Marks.Hit(Mark.ClockFarOff);
                break;
            case FaultKind.Transfer:
                if (Leader() is { } handing) handing.Step(RaftInput.Transfer(fault.Where % 2 == 0 ? MemberId.None : other.Id));
                Marks.Hit(Mark.TransferAsked);
                break;
            case FaultKind.Members: _goal = (fault.Other, (int)fault.Amount & ~fault.Other); break;
            default: throw new InvalidOperationException($"{fault.Kind} is not a fault of replicas");
        }
    }

    /// <summary>Cuts links between all ends that the rule names, until the fault ends.</summary>
    private void Cut(Fault fault, Func<int, int, bool> rule)
    {
        var ending = new Ending();
        for (var from = 0; from < Replicas.Length; from++)
            for (var to = 0; to < Replicas.Length; to++)
                if (from != to && rule(from, to)) ending.Links.Add((from, to));
        Cut(ending, fault.ForMs);
    }

    /// <summary>Replicas and media nodes fall into two parts that do not hear each other.</summary>
    /// <param name="side">Who is on one side, a bit for each machine.</param>
    private void CutSides(long side, long forMs)
    {
        var links = new List<(int, int)>();
        var ends = Plan.Slots + (Plan.Product == Product.Journal ? 0 : Plan.MediaNodes);
        for (var from = 0; from < ends; from++)
            for (var to = 0; to < ends; to++)
                if (((side >> from) & 1) != ((side >> to) & 1)) links.Add((from, to));
        CutLinks(links, forMs);
    }

    /// <summary>What is sent from one end to another from now on takes that much longer, for a while.</summary>
    public void Slow(int from, int to, long byMs, long forMs)
    {
        _slow[from, to] = (NowUs + forMs * 1000, byMs * 1000);
        Marks.Hit(Mark.LineSlow);
    }

    public void CutLinks(IEnumerable<(int From, int To)> links, long forMs)
    {
        var ending = new Ending();
        ending.Links.AddRange(links);
        Cut(ending, forMs);
    }

    private void Cut(Ending ending, long forMs)
    {
        foreach (var (from, to) in ending.Links) _cuts[from, to]++;
        _agenda.Add(NowUs + forMs * 1000, new Due(Happening.FaultEnds, 0, 0, 0, ending));
    }

    private void CrashFor(Replica replica, long forMs)
    {
        if (replica.Core is null) return;
        if (IsTraced) Tell($"{replica.Id} crashes");
        replica.Crash();
        Marks.Hit(Mark.Crashed);
        _agenda.Add(NowUs + forMs * 1000, new Due(Happening.FaultEnds, replica.Slot, 0, 0, Ending.Start));
    }

    private void EndFault(in Due due)
    {
        var ending = (Ending)due.What!;
        if (ReferenceEquals(ending, Ending.Start))
        {
            Replicas[due.Who].Start();
            return;
        }
        if (ending.Clock is { } clock) clock.WallStepMs -= ending.ClockOffMs;
        if (IsHealed) return; // all is mended already
        foreach (var (from, to) in ending.Links) _cuts[from, to]--;
    }

    private void Pause(Replica replica, long forMs) => replica.PausedUntilUs = Math.Max(replica.PausedUntilUs, NowUs + forMs * 1000);

    private void Rot(Replica replica)
    {
        if (!replica.IsSound || !CanLose(replica)) return;
        replica.IsRotten = true; // found at the next start
        Marks.Hit(Mark.LogRotted);
    }

    /// <summary>The machine comes back empty, as somebody new: the operator puts it in the old one's place.</summary>
    private void Wipe(Replica replica)
    {
        if (!CanLose(replica)) return;
        Gone.Add((replica.Id, replica.Disk));
        replica.Wipe(new MemberId(_nextIdentity++));
        replica.Start();
        Marks.Hit(Mark.Wiped);
    }

    /// <summary>The machine comes back as who it was, with an empty log.</summary>
    private void LoseLog(Replica replica, bool whole, long forMs)
    {
        if (!CanLose(replica) || (whole && !IsRemembered(replica))) return;
        if (IsTraced) Tell($"{replica.Id} loses its {(whole ? "directory" : "log")}");
        Gone.Add((replica.Id, replica.Disk));
        replica.LoseLog(whole);
        replica.AwayUntilUs = NowUs + forMs * 1000;
        Marks.Hit(whole ? Mark.DirectoryLost : Mark.LogLost);
        _agenda.Add(replica.AwayUntilUs, new Due(Happening.FaultEnds, replica.Slot, 0, 0, Ending.Start));
    }

    /// <summary>
    /// Whether a founding member is left that could say that this one's log is not its first. Without any the loss looks like the first
    /// start of a cluster.
    /// </summary>
    private bool IsRemembered(Replica lost)
    {
        for (var id = 1UL; id <= (ulong)Plan.Voters; id++)
        {
            var slot = SlotOf(new MemberId(id)); // a founding member that is gone for ever never says that the log is the first
            if (id != lost.Id.Value && (slot < 0 || !Replicas[slot].Disk.IsLost)) return true;
        }
        return lost.Id.Value > (ulong)Plan.Voters;
    }

    /// <summary>Whether every membership that anybody may act under keeps a majority of living identities without this one.</summary>
    /// <remarks>None, before all that begin as voters have heard of each other: only then there is a cluster.</remarks>
    private bool CanLose(Replica lost)
    {
        foreach (var replica in Replicas)
            if (replica.Id.Value <= (ulong)Plan.Voters && replica.Disk.Origin.IsNew && !replica.Disk.IsLost) return false;
        foreach (var replica in Replicas)
        {
            var known = replica.Core?.Membership ?? new RaftCore(replica.Id, replica.Disk.Load(), new RaftOptions(), 1).Membership;
            if (!CanLose(lost, known.Voters) || !CanLose(lost, known.OutgoingVoters)) return false;
        }
        return true;
    }

    private bool CanLose(Replica lost, System.Collections.Immutable.ImmutableArray<MemberId> voters)
    {
        if (voters.IsEmpty) return true;
        var left = 0;
        foreach (var voter in voters)
        {
            var slot = SlotOf(voter);
            if (slot >= 0 && Replicas[slot] != lost && Replicas[slot].IsSound) left++;
        }
        return left > voters.Length / 2;
    }

    private Replica? Leader()
    {
        Replica? leader = null;
        foreach (var replica in Replicas)
            if (replica.IsLeader && (leader is null || replica.Core!.Term > leader.Core!.Term)) leader = replica;
        return leader;
    }

    /// <summary>All faults end, but one replica may stay dead for ever: the rest must do without it.</summary>
    private void Heal()
    {
        if (Plan.LeaveOneDead)
        {
            var dead = Replicas[Chance.Below(Replicas.Length)];
            if (CanLose(dead))
            {
                dead.Crash();
                dead.StaysDown = true;
                Marks.Hit(Mark.HealedWithOneDead);
            }
        }
        IsHealed = true;
        Array.Clear(_cuts);
        Array.Clear(_clogs);
        Array.Clear(_slow);
        foreach (var replica in Replicas)
        {
            replica.AwayUntilUs = 0;
            replica.SlowUntilUs = 0; // a pause ends when it ends
            if (replica.IsRotten) replica.Crash(); // what rotted is found at a start
            replica.Start();
        }
        Workload.Heal();
    }
}
