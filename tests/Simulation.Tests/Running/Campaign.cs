using VideoScale.Simulation.Plans;
using VideoScale.Simulation.Seams;

namespace VideoScale.Simulation.Running;

/// <summary>What to run: seeds from the first one on.</summary>
/// <param name="Only">Classes of faults to draw; null for all.</param>
/// <param name="UntilFirst">Ends at the first violation.</param>
internal sealed record CampaignOptions(ulong FirstSeed, int Seeds, long TimeMs, int Jobs, Product? Product = null,
    IReadOnlyCollection<FaultClass>? Only = null, bool UntilFirst = false)
{
    /// <summary>One voter that becomes three, five and three again, instead of memberships that chance draws.</summary>
    public bool Journey { get; init; }

    public Plan PlanOf(ulong seed) => Journey ? PlanDraw.OfJourney(seed, TimeMs, Product, Only) : PlanDraw.Of(seed, TimeMs, Product, Only);
}

/// <summary>Many seeds, on some threads; each seed is a world of its own.</summary>
internal sealed class Campaign(CampaignOptions options)
{
    private const ulong OneInIsRepeated = 100;
    private readonly Lock _gate = new();
    private readonly long[] _marks = new long[Marks.Count];
    private readonly List<RunResult> _violations = [];
    private readonly SortedDictionary<ulong, ulong> _hashes = [];
    private long _next;
    private long _events;
    private double _cpuSeconds;
    private int _done;
    private volatile bool _stop;

    public IReadOnlyList<long> MarkCounts => _marks;
    public IReadOnlyList<RunResult> Violations => _violations;

    /// <summary>Trace hashes of the seeds that were run twice.</summary>
    public IReadOnlyDictionary<ulong, ulong> RepeatedHashes => _hashes;
    public long Events => _events;
    public int Done => _done;

    /// <summary>
    /// Processor time of the whole process while it ran, compilation and garbage collection included: what others do on this machine is not
    /// in it.
    /// </summary>
    public double CpuSeconds => _cpuSeconds;

    public double EventsPerCpuSecond => _cpuSeconds == 0 ? 0 : _events / _cpuSeconds;

    /// <summary>Seeds used up until the first violation, the failing one included.</summary>
    public int SeedsToFirst => _violations.Count == 0 ? 0 : (int)(_violations.Min(v => v.Seed) - options.FirstSeed) + 1;

    public Campaign Run()
    {
        // On threads of their own: nothing that waits there may go on elsewhere, as it would under a test runner's context.
        var before = Environment.CpuUsage.TotalTime;
        var threads = new Thread[Math.Max(1, options.Jobs)];
        for (var i = 0; i < threads.Length; i++) (threads[i] = new Thread(Work, 16 << 20)).Start();
        foreach (var thread in threads) thread.Join();
        _cpuSeconds = (Environment.CpuUsage.TotalTime - before).TotalSeconds;
        return this;
    }

    private void Work()
    {
        Marks.Take();
        while (!_stop)
        {
            var number = Interlocked.Increment(ref _next) - 1;
            if (number >= options.Seeds) break;
            var seed = options.FirstSeed + (ulong)number;
            var plan = options.PlanOf(seed);
            var result = SeedRun.Of(plan);
            var repeated = seed % OneInIsRepeated == 0 && !options.UntilFirst;
            if (repeated && SeedRun.Of(plan).TraceHash != result.TraceHash)
                result = result with { Rule = "determinism", What = "the same seed went another way the second time" };
            Note(result, repeated);
        }
        lock (_gate)
        {
            var hits = Marks.Take();
            for (var i = 0; i < hits.Length; i++) _marks[i] += hits[i];
        }
    }

    private void Note(RunResult result, bool repeated)
    {
        lock (_gate)
        {
            _done++;
            _events += result.Events * (repeated ? 2 : 1);
            if (repeated) _hashes[result.Seed] = result.TraceHash;
            if (!result.IsViolation) return;
            _violations.Add(result);
            if (options.UntilFirst || _violations.Count >= 20) _stop = true;
        }
    }
}
