namespace VideoScale.Simulation.Seams;

/// <summary>The planted bug that is on, if any. Woven into the cores' sources for this assembly only.</summary>
/// <remarks>One for the whole process: a run of mutants turns them on one after the other.</remarks>
internal static class Planted
{
    private static volatile int _bug;

    internal static Bug Now
    {
        get => (Bug)_bug;
        set => _bug = (int)value;
    }

    internal static bool Is(Bug bug) => _bug == (int)bug;

    /// <summary>What differs from replica to replica: for bugs that depend on who runs the code.</summary>
    [ThreadStatic] internal static ulong Salt;

    /// <summary>True time of the run at hand, for bugs that read a clock where they must not.</summary>
    [ThreadStatic] internal static long NowNs;

    /// <summary>A media node's own boot clock while it hears an acknowledgement.</summary>
    [ThreadStatic] internal static long LocalNs;
}
