namespace VideoScale.ControlPlane.Clocks;

/// <summary>A voter's wall clock, as it was read.</summary>
/// <param name="OffsetMs">Its wall clock less the reader's boot clock.</param>
/// <param name="UncertainMs">By how much the reading may be wrong: half of the round trip.</param>
public readonly record struct ClockReading(ulong Member, long OffsetMs, long UncertainMs);

/// <summary>What time it is, as a majority of the voters has it.</summary>
public static class ClockAgreement
{
    /// <summary>Clocks this close agree.</summary>
    public const long WithinMs = 2_000;

    /// <returns>Offset of the agreed time from the reader's boot clock: the middle of the closest majority; null when no majority agrees,
    /// or too few were read.</returns>
    public static long? Of(int voters, IEnumerable<ClockReading> readings)
    {
        var sorted = readings.OrderBy(reading => reading.OffsetMs).ThenBy(reading => reading.Member).ToArray();
        var majority = voters / 2 + 1;
        if (voters == 0 || sorted.Length < majority) return null;
        var (best, at) = (long.MaxValue, -1);
        for (var i = 0; i + majority <= sorted.Length; i++)
        {
            var apart = sorted[i + majority - 1].OffsetMs - sorted[i].OffsetMs - sorted[i].UncertainMs - sorted[i + majority - 1]
                .UncertainMs;
            if (apart < best) (best, at) = (apart, i);
        }
        return best <= WithinMs ? sorted[at + majority / 2].OffsetMs : null;
    }
}
