namespace VideoScale.Simulation.Seams;

/// <summary>Counts how often each <see cref="Mark"/> was reached. Per thread while seeds run, summed up at the end.</summary>
internal static class Marks
{
    [ThreadStatic] private static long[]? _hits;

    internal static int Count { get; } = Enum.GetValues<Mark>().Length;

    internal static void Hit(Mark mark) => (_hits ??= new long[Count])[(int)mark]++;

    /// <summary>Takes what this thread has counted.</summary>
    internal static long[] Take()
    {
        var taken = _hits ?? new long[Count];
        _hits = null;
        return taken;
    }
}
