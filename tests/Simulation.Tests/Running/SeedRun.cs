using VideoScale.Consensus;
using VideoScale.Consensus.Core;
using VideoScale.Simulation.Plans;
using VideoScale.Simulation.World;

namespace VideoScale.Simulation.Running;

/// <summary>How one run ended.</summary>
/// <param name="Rule">The invariant that broke; null when none did.</param>
/// <param name="What">The same in words, with the time of the run at which it happened.</param>
internal sealed record RunResult(ulong Seed, ulong TraceHash, long Events, string? Rule, string? What)
{
    public bool IsViolation => Rule is not null;
    public bool IsLiveness => Rule == "liveness";
}

/// <summary>Runs one plan to its end or to its first violation.</summary>
internal static class SeedRun
{
    public static RunResult Of(Plan plan, TextWriter? log = null)
    {
        var world = new Simulated(plan, log);
        var (rule, what) = ((string?)null, (string?)null);
        try { world.Run(); }
        catch (Violation e) { (rule, what) = (e.Rule, e.Message); }
        catch (ConsensusInvariantException e) { (rule, what) = ("asserted by the engine", e.Message); }
        catch (Model.InvariantViolation e) { (rule, what) = ("asserted by the core", e.Message); }
        catch (Exception e) when (e is not OutOfMemoryException) { (rule, what) = ("exception", e.ToString()); }
        if (what is not null) what = $"at {world.NowMs} ms: {what}";
        return new RunResult(plan.Seed, world.Trace, world.Events, rule, what);
    }
}
