using VideoScale.Chaos.Faults;

namespace VideoScale.Chaos.Shrinking;

/// <summary>Leaves faults out while what was seen is still seen: first many at once, then one by one until none can go.</summary>
public static class Shrinker
{
    /// <param name="isStillSeen">Runs a schedule. Real processes do not repeat themselves: it may try more than once.</param>
    public static async Task<Schedule> ShrinkAsync(Schedule schedule, Func<Schedule, Task<bool>> isStillSeen)
    {
        for (var together = Math.Max(1, schedule.Faults.Count / 2); ; together = Math.Max(1, together / 2))
        {
            var before = schedule.Faults.Count;
            for (var at = 0; at < schedule.Faults.Count;)
            {
                var smaller = schedule.Without([.. schedule.Faults.Skip(at).Take(together)]);
                if (smaller.Faults.Count < schedule.Faults.Count && smaller.Faults.Count > 0 && await isStillSeen(smaller))
                    schedule = smaller;
                else at += together;
            }
            if (together == 1 && schedule.Faults.Count == before) return schedule;
        }
    }
}
