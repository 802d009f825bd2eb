using System.Collections.Immutable;
using VideoScale.ControlPlane.Canonical;
using VideoScale.ControlPlane.Fields;

namespace VideoScale.ControlPlane.Rebalancing;

/// <summary>Rebalancing as the fold of its events. Immutable: a change replaces it.</summary>
/// <param name="RecentMs">Log times of the moves begun within the last minute, oldest first.</param>
public sealed record RebalanceRecord(RebalanceSettings Settings, ImmutableArray<long> RecentMs)
{
    private const long MinuteMs = 60_000;

    public static readonly RebalanceRecord Initial = new(RebalanceSettings.Default, []);

    public int BegunWithinMinute(long nowMs) => RecentMs.Count(at => nowMs - at < MinuteMs);

    internal RebalanceRecord WithMove(long nowMs) => this with { RecentMs = [.. RecentMs.Where(at => nowMs - at < MinuteMs), nowMs] };

    public void Describe(FieldSink sink)
    {
        Settings.Describe(sink);
        sink.BeginList("recent", RecentMs.Length);
        foreach (var at in RecentMs)
        {
            sink.BeginItem();
            sink.Signed("at_ms", at);
            sink.EndItem();
        }
        sink.EndList();
    }

    public static RebalanceRecord Read(ref CanonicalReader r)
    {
        var settings = RebalanceSettings.Read(ref r);
        var recent = new long[r.ReadCount()];
        for (var i = 0; i < recent.Length; i++) recent[i] = r.ReadInt64();
        return new(settings, [.. recent]);
    }
}
