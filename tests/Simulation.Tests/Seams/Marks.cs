namespace VideoScale.Simulation.Seams;

/// <summary>Counts how often each <see cref="Mark"/> was reached. Per thread while seeds run, summed up at the end.</summary>
internal static class Marks
{
    [ThreadStatic] private static long[]? s_hits;

    internal static int Count { get; } = Enum.GetValues<Mark>().Length;

    internal static void Hit(Mark mark) => (s_hits ??= new long[Count])[(int)mark]++;

    /// <summary>Takes what this thread has counted.</summary>
    internal static long[] Take()
    {
        var taken = s_hits ?? new long[Count];
        s_hits = null;
        return taken;
    }
}
