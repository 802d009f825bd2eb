using VideoScale.Chaos.Faults;

namespace VideoScale.Chaos.Scenarios;

/// <summary>
/// Media nodes on the wrong side of a partition, for longer than their leases: with a leader that is cut off, hearing nobody, reaching
/// followers alone, frozen together with a change of leader. When it heals they are of the past, and must know it.
/// </summary>
public sealed class NodesApart() : ScheduleScenario("nodes-apart",
    "media nodes on the minority's side, cut from all, from the leader, while it changes: authority ends, rooms go elsewhere", rounds: 5,
        Draw)
{
    private const int FirstMs = 2_000, ForMs = 12_000, BetweenMs = 8_000, LaterMs = 300;
    private static readonly int[] All = [0, 1, 2], Followers = [1, 2];

    private static Schedule Draw(int seed, int rounds)
    {
        var first = new Random(seed * 7919).Next(2);
        return new Schedule(seed, All.Length, 2, [.. Enumerable.Range(0, rounds).SelectMany(round =>
            Round(round, FirstMs + round * (ForMs + BetweenMs), (first + round) % 2))]); // to which the rooms went
    }

    private static ScheduledFault[] Round(int round, int at, int node) => (round % 5) switch
    {
        // two halves, each with its media node: the leader alone with one, the followers with the other
        0 => [new CutLinks(at, ForMs, "leader-alone", [[0, 1], [0, 2], [1, 0], [2, 0]]),
            new CutNode(at, ForMs, node, Followers, true, true),
            new CutNode(at, ForMs, 1 - node, [0], true, true)],
        1 => [new CutNode(at, ForMs, node, All, ToNode: true, FromNode: true)],
        2 => [new CutNode(at, ForMs, node, All, ToNode: true, FromNode: false)], // it is heard, and hears nobody
        3 => [new CutNode(at, ForMs, node, All, ToNode: true, FromNode: true), new Kill(at + LaterMs, ForMs - LaterMs, 0)],
        _ => [new FreezeNode(at, ForMs, node), new CutLinks(at + LaterMs, ForMs, "leader-alone", [[0, 1], [0, 2], [1, 0], [2, 0]])],
    };
}
