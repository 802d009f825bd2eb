using System.Runtime.ExceptionServices;
using VideoScale.Chaos.Workloads;

namespace VideoScale.Chaos.Faults;

/// <summary>
/// Applies a schedule, whatever is in it, and always heals: when it returns, however it returns, nothing of it is in force any more.
/// </summary>
/// <param name="wait">Until a time since the schedule began.</param>
public sealed class FaultRunner(IFaultyCluster cluster, Func<TimeSpan, CancellationToken, Task> wait)
{
    private readonly List<StruckFault> _inForce = [];
    private readonly List<StruckFault> _struck = [];
    private readonly List<Task> _returning = [];

    /// <summary>What was done so far.</summary>
    public IReadOnlyList<StruckFault> Struck => _struck;

    public async Task RunAsync(Schedule schedule, CancellationToken cancellationToken)
    {
        var due = schedule.Faults.SelectMany(static fault => (Step[])[new(fault.AtMs, true, fault), new(fault.UntilMs, false, fault)])
            .OrderBy(static step => step.AtMs).ThenBy(static step => step.IsBegin); // ends before begins
        Exception? first = null;
        try
        {
            foreach (var step in due)
            {
                await wait(TimeSpan.FromMilliseconds(step.AtMs), cancellationToken);
                if (step.IsBegin) await BeginAsync(step.Fault);
                else if (_inForce.Find(one => ReferenceEquals(one.Fault, step.Fault)) is { } struck)
                    await EndAsync(struck, cancellationToken);
            }
        }
        catch (Exception e) { first = e; }
        var failures = await HealAsync(cancellationToken);
        if (first is not null && failures.Count == 0) ExceptionDispatchInfo.Throw(first);
        if (failures.Count > 0) throw new AggregateException("faults could not be ended", first is null ? failures : [first, .. failures]);
        await Task.WhenAll(_returning);
    }

    private readonly record struct Step(int AtMs, bool IsBegin, ScheduledFault Fault);

    private async Task<List<Exception>> HealAsync(CancellationToken cancellationToken)
    {
        var failures = new List<Exception>();
        while (_inForce.Count > 0)
        {
            try { await EndAsync(_inForce[^1], cancellationToken); }
            catch (Exception e) { failures.Add(e); } // the others are ended as well
        }
        return failures;
    }

    private async Task BeginAsync(ScheduledFault fault)
    {
        var leader = cluster.Leader;
        int[] byRank = [leader, .. Enumerable.Range(0, cluster.Replicas).Where(replica => replica != leader)];
        var began = History.NowNs;
        var struck = new StruckFault(fault, byRank, began, began);
        _inForce.Add(struck); // before it is done: what is done by halves is ended as well
        await ApplyAsync(struck);
        var applied = struck with { InForceNs = History.NowNs };
        _inForce[_inForce.IndexOf(struck)] = applied;
        _struck.Add(applied);
    }

    private async Task ApplyAsync(StruckFault struck)
    {
        switch (struck.Fault)
        {
            case CutLinks or CutNode: CutAll(); break;
            case Freeze one: cluster.Freeze(End.Replica(struck.Number(one.Replica))); break;
            case FreezeNode one: cluster.Freeze(End.Node(one.Node)); break;
            case Kill one: await cluster.KillAsync(End.Replica(struck.Number(one.Replica))); break;
            case KillNode one: await cluster.KillAsync(End.Node(one.Node)); break;
            case LosePower one: await cluster.LosePowerAsync([.. one.Replicas.Select(struck.Number)]); break;
            case HoldDisk or SlowDisk: foreach (var replica in struck.Replicas) TellDisk(replica); break;
            case FillDisk one: cluster.FillDisk(struck.Number(one.Replica)); break;
            case ShiftClock or ShiftNodeClock: foreach (var end in Clocks(struck)) SetClock(end); break;
            default: throw new InvalidOperationException($"nobody knows how to {struck.Fault.Words}");
        }
    }

    private async Task EndAsync(StruckFault struck, CancellationToken cancellationToken)
    {
        struck.EndBeganNs = History.NowNs;
        _inForce.Remove(struck); // an end that fails is not tried for ever
        switch (struck.Fault)
        {
            case CutLinks or CutNode: CutAll(); break;
            case Freeze one: Resume(End.Replica(struck.Number(one.Replica))); break;
            case FreezeNode one: Resume(End.Node(one.Node)); break;
            case Kill one: Return(struck, [End.Replica(struck.Number(one.Replica))], cancellationToken); return;
            case KillNode one: Return(struck, [End.Node(one.Node)], cancellationToken); return;
            case LosePower one:
                foreach (var rank in one.Replicas) ReturnDisk(struck.Number(rank));
                Return(struck, [.. one.Replicas.Select(rank => End.Replica(struck.Number(rank)))], cancellationToken);
                return;
            case HoldDisk or SlowDisk: foreach (var replica in struck.Replicas) TellDisk(replica); break;
            case FillDisk one:
                cluster.FreeDisk(struck.Number(one.Replica));
                Return(struck, [End.Replica(struck.Number(one.Replica))], cancellationToken);
                return;
            case ShiftClock or ShiftNodeClock: foreach (var end in Clocks(struck)) SetClock(end); break;
        }
        struck.EndedNs = History.NowNs;
        await Task.CompletedTask;
    }

    /// <summary>Starts those that no other fault keeps down, and notes when they answer.</summary>
    private void Return(StruckFault struck, IReadOnlyList<End> ends, CancellationToken cancellationToken)
    {
        foreach (var end in ends)
            if (!IsKeptDown(end)) cluster.Start(end);
        _returning.Add(NoteAsync());

        async Task NoteAsync()
        {
            foreach (var end in ends)
                await cluster.AwaitUpAsync(end, () => !IsKeptDown(end), cancellationToken);
            struck.EndedNs = History.NowNs;
        }
    }

    private bool IsKeptDown(End end) => _inForce.Any(one => one.Fault is Kill or LosePower or KillNode && Names(one, end));

    private void ReturnDisk(int replica)
    {
        if (!_inForce.Any(one => one.Fault is LosePower && Names(one, End.Replica(replica)))) cluster.ReturnDisk(replica);
    }

    private void Resume(End end)
    {
        if (!_inForce.Any(one => one.Fault is Freeze or FreezeNode && Names(one, end))) cluster.Resume(end);
    }

    /// <summary>Held, if anything holds it; else as slow as the slowest makes it.</summary>
    private void TellDisk(int replica)
    {
        ScheduledFault[] on = [.. _inForce.Where(one => Names(one, End.Replica(replica))).Select(static one => one.Fault)];
        cluster.TellDisk(replica, on.Any(static fault => fault is HoldDisk) ? "hold"
            : on.OfType<SlowDisk>().MaxBy(static fault => fault.EachMs) is { } slow ? $"slow {slow.EachMs}" : null);
    }

    private void SetClock(End end) => cluster.ShiftClock(end, TimeSpan.FromMilliseconds(_inForce.Where(one => Clocks(one).Contains(end))
        .Sum(static one => one.Fault switch { ShiftClock shift => shift.ByMs, ShiftNodeClock shift => shift.ByMs, _ => 0 })));

    private void CutAll() => cluster.Cut([.. _inForce.SelectMany(Links).Distinct()]);

    private static IEnumerable<LinkEnds> Links(StruckFault struck) => struck.Fault switch
    {
        CutLinks cut => cut.Links.Select(link => new LinkEnds(End.Replica(struck.Number(link[0])), End.Replica(struck.Number(link[1])))),
        CutNode cut => cut.Replicas.Select(struck.Number).SelectMany(replica => Links(cut, End.Node(cut.Node), End.Replica(replica))),
        _ => [],
    };

    private static IEnumerable<LinkEnds> Links(CutNode cut, End node, End replica)
    {
        if (cut.ToNode) yield return new(replica, node);
        if (cut.FromNode) yield return new(node, replica);
    }

    private static IEnumerable<End> Clocks(StruckFault struck) => struck.Fault switch
    {
        ShiftClock shift => [End.Replica(struck.Number(shift.Replica))],
        ShiftNodeClock shift => [End.Node(shift.Node)],
        _ => [],
    };

    private static bool Names(StruckFault struck, End end) =>
        end.IsNode ? struck.Fault.Nodes.Contains(end.Number) : struck.Replicas.Contains(end.Number);
}
