using VideoScale.ControlPlane.Host.Observability;

namespace VideoScale.ControlPlane.Host.Clocks;

/// <summary>How the clocks stand to each other and to log time.</summary>
internal static class ClockMetrics
{
    internal static void Observe(this ReplicaMetrics metrics, LogTimeSource time, ClockExchange clocks)
    {
        metrics.Measure("videoscale_clock_largest_difference_ms",
            "Largest difference of a member's wall clock from what a majority of voters has",
            () => clocks.Differences.Select(d => Math.Abs(d.DifferenceMs)).DefaultIfEmpty().Max());
        metrics.Measure("videoscale_clocks_agree", "1 while the wall clocks of a majority of voters agree",
            () => clocks.Differences.Count > 0 ? 1 : 0);
        metrics.Measure("videoscale_log_time_ahead_ms", "Log time less what the clocks of a majority of voters say", () => time.AheadMs
            ?? 0);
    }
}
