using VideoScale.Chaos.Partitions;
using VideoScale.Chaos.Timelines;
using VideoScale.Chaos.Workloads;
using VideoScale.V1;

namespace VideoScale.Chaos.Checkers;

/// <summary>A law, how often something was held against it, and what broke it.</summary>
/// <param name="IsOfTime">It says that something must happen in time, which a machine may be too slow for.</param>
public sealed record LawFinding(string Law, int Tested, IReadOnlyList<string> Violations, bool IsOfTime = false);

/// <summary>What partitions may do to those who call, by what the callers saw and what replicas said of themselves.</summary>
/// <param name="served">Longest time until those are served who must be, in milliseconds.</param>
public sealed class PartitionChecker(IReadOnlyCollection<PinnedCall> calls, IReadOnlyCollection<ReplicaView> views,
    IReadOnlyList<Fault> faults, double served)
{
    private const int Most = 5;

    public IReadOnlyList<LawFinding> Check() =>
        [OneLeaderPerTerm(), NothingWithoutMajority(), NoStaleRead(), MajorityIsServed(), SomethingIsCommitted(), AllAreServedAgain(),
            NoTermStorm()];

    /// <summary>
    /// From when links began to be cut until a call begun after it succeeded, for each replica that had to serve, in milliseconds.
    /// </summary>
    public IEnumerable<(Fault Fault, int Replica, double? Ms)> Recoveries() =>
        from fault in Lasting
        from replica in Replicas(fault).Where(fault.Partition.MustServe)
        let first = FirstSuccess(fault, replica)
        select (fault, replica, first is { } ns ? (double?)((ns - fault.BeganNs) / 1e6) : null);

    /// <summary>Terms that came from the first cut until the last healing.</summary>
    public IEnumerable<(Fault Fault, ulong Terms)> TermsGained() => faults.Select(fault =>
    {
        ulong Highest(Func<ReplicaView, bool> when) => views.Where(when).Select(view => view.Term).DefaultIfEmpty().Max();
        var before = Highest(view => view.AtNs <= fault.BeganNs);
        return (fault, Math.Max(Highest(view => view.AtNs <= fault.HealedNs), before) - before);
    });

    private IEnumerable<Fault> Lasting => faults.Where(static fault => !fault.IsFlapping);

    private static IEnumerable<int> Replicas(Fault fault) => Enumerable.Range(0, fault.Partition.Replicas);

    public LawFinding OneLeaderPerTerm()
    {
        var leaders = views.Where(view => view.Role == ReplicaRole.Leader).GroupBy(view => view.Term).ToArray();
        return Found("one leader in a term", leaders.Length,
            from term in leaders
            let who = term.Select(view => view.Replica).Distinct().Order().ToArray()
            where who.Length > 1
            select $"replicas {string.Join(" and ", who)} lead in term {term.Key}");
    }

    public LawFinding NothingWithoutMajority()
    {
        var asked = (from fault in Lasting
                     from call in calls
                     where fault.Partition.CannotServe(call.Replica) && IsDuring(fault, call)
                     select (Fault: fault, Call: call)).ToArray();
        return Found("nothing is served where no majority is reached", asked.Length,
            asked.Where(one => one.Call.Succeeded && one.Call.EndedNs < one.Fault.HealedNs).Select(one =>
                $"{one.Fault.Partition.Name}: replica {one.Call.Replica} "
                + $"{(one.Call.IsRead ? "answered a linearizable read" : "acknowledged a write")} begun "
                + $"{Ms(one.Call.BeganNs - one.Fault.CutNs)} ms after the cut, {Ms(one.Fault.HealedNs - one.Call.EndedNs)} ms before it "
                + $"healed"));
    }

    public LawFinding NoStaleRead()
    {
        var newest = 0UL;
        var (tested, stale) = (0, new List<string>());
        var ended = new Queue<PinnedCall>(calls.Where(call => call is { Succeeded: true, IsRead: false }).OrderBy(call => call.EndedNs));
        foreach (var read in calls.Where(call => call is { Succeeded: true, IsRead: true }).OrderBy(call => call.BeganNs))
        {
            while (ended.TryPeek(out var write) && write.EndedNs < read.BeganNs) newest = Math.Max(newest, ended.Dequeue().Index);
            tested++;
            if (read.Index < newest)
                stale.Add($"replica {read.Replica} read as of log index {read.Index} when {newest} had been acknowledged");
        }
        return Found("a linearizable read shows all that was acknowledged before it", tested, stale);
    }

    public LawFinding MajorityIsServed()
    {
        var (tested, wrong) = (0, new List<string>());
        foreach (var (fault, replica, ms) in Recoveries())
        {
            if (ms is null || ms > served)
                wrong.Add($"{fault.Partition.Name}: replica {replica} reaches a majority and served nothing within {served:0} ms");
            foreach (var call in calls.Where(call => call.Replica == replica && IsDuring(fault, call)))
            {
                tested++;
                var took = Ms(call.EndedNs - call.BeganNs);
                var toldInTime = call.SaysNobodyLeads && !(Ms(call.BeganNs - fault.BeganNs) > ms);
                if (took <= served && (call.Succeeded || toldInTime)) continue;
                wrong.Add($"{fault.Partition.Name}: a {(call.IsRead ? "read" : "write")} at replica {replica}, begun "
                    + $"{Ms(call.BeganNs - fault.CutNs)} ms after the cut, ended {call.Status} after {took} ms: {call.Detail}");
            }
        }
        return Found("who reaches a majority is served", tested, wrong, isOfTime: true);
    }

    /// <summary>Also where majorities overlap, so that it depends on who leads whom they serve.</summary>
    public LawFinding SomethingIsCommitted()
    {
        Fault[] able = [.. Lasting.Where(static fault => fault.Partition.PossibleLeaders.Count > 0)];
        return Found("where somebody reaches a majority, something is committed", able.Length,
            able.Where(fault => !calls.Any(call => call is { Succeeded: true, IsRead: false } && call.BeganNs > fault.CutNs
                && call.EndedNs < fault.HealedNs)).Select(fault => $"{fault.Partition.Name}: no write was acknowledged in "
                    + $"{Ms(fault.HealedNs - fault.CutNs)} ms"), isOfTime: true);
    }

    public LawFinding AllAreServedAgain() => Found("when it has healed, all are served", faults.Count,
        faults.Where(fault => fault.ServedAgainMs is null).Select(fault =>
            $"{fault.Partition.Name}: some replica served nothing within {served:0} ms of healing"), isOfTime: true);

    public LawFinding NoTermStorm() => Found("at most two terms for each time that links are cut", faults.Count,
        TermsGained().Where(gained => gained.Terms > 2 * (ulong)gained.Fault.Times).Select(gained =>
            $"{gained.Fault.Partition.Name}: {gained.Terms} terms in {gained.Fault.Times} cuts"), isOfTime: true);

    private long? FirstSuccess(Fault fault, int replica)
    {
        var ends = calls.Where(call => call.Replica == replica && call.Succeeded && call.BeganNs > fault.CutNs
            && call.EndedNs < fault.HealedNs).Select(call => call.EndedNs).ToArray();
        return ends.Length == 0 ? null : ends.Min();
    }

    /// <summary>Begun while all was cut; it may have ended later.</summary>
    private static bool IsDuring(Fault fault, PinnedCall call) => call.BeganNs > fault.CutNs && call.BeganNs < fault.HealedNs;

    private static double Ms(long ns) => Math.Round(ns / 1e6);

    private static LawFinding Found(string law, int tested, IEnumerable<string> violations, bool isOfTime = false)
    {
        string[] all = [.. violations];
        return new(law, tested, all.Length <= Most ? all : [.. all[..Most], $"{law}: {all.Length - Most} more"], isOfTime);
    }
}
