using VideoScale.Simulation.Running;

namespace VideoScale.Simulation.Plans;

/// <summary>
/// Cuts a failing plan down: fewer faults, then fewer machines, clients and less time, as long as the same rule still breaks.
/// </summary>
internal sealed class Shrinker(string rule, int maxRuns)
{
    private int _runs;

    public Plan Shrink(Plan plan)
    {
        plan = Without(plan);
        foreach (var change in (Func<Plan, Plan>[])[
            p => p with { Faults = [] },
            p => p with { LossPerMille = 0 }, p => p with { DuplicatePerMille = 0 }, p => p with { ReplayPerMille = 0 }, p =>
                p with { SpikePerMille = 0 },
            p => p with { DriftPpm = 0 }, p => p with { LeaveOneDead = false }, p => p with { SnapshotEvery = 1_000_000 }, p =>
                p with { Clients = Math.Max(1, p.Clients / 2) },
            p => p with { Rooms = 1 }, p => p with { MediaNodes = Math.Max(1, p.MediaNodes / 2) }, p => p with { Slots = p.Voters },
            p => p with { TimeMs = p.TimeMs / 2 }, p => p with { TimeMs = p.TimeMs / 2 }])
        {
            var smaller = change(plan);
            if (Fails(smaller)) plan = smaller;
        }
        return Without(plan);
    }

    /// <summary>Drops faults in runs that halve, down to single ones.</summary>
    private Plan Without(Plan plan)
    {
        for (var size = Math.Max(1, plan.Faults.Count / 2); ; size /= 2)
        {
            for (var at = 0; at < plan.Faults.Count && _runs < maxRuns;)
            {
                var fewer = plan with { Faults = [.. plan.Faults.Take(at), .. plan.Faults.Skip(at + size)] };
                if (Fails(fewer)) plan = fewer;
                else at += size;
            }
            if (size <= 1 || _runs >= maxRuns) return plan;
        }
    }

    private bool Fails(Plan plan) => _runs++ < maxRuns && SeedRun.Of(plan).Rule == rule;
}
