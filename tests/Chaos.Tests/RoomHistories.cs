using VideoScale.Chaos.Linearizability;

namespace VideoScale.Chaos.Tests;

/// <summary>Short histories of one room as a correct system would give them, and what spoils one.</summary>
internal static class RoomHistories
{
    private const int Longest = 10, Apart = 10, Wide = 18;
    private static readonly string[] Nodes = ["a", "b", "c"];

    internal static IReadOnlyList<string> Faults { get; } = ["lost write", "stale read", "double owner", "swapped order"];

    internal static List<RoomOperation> Draw(Random random, bool isMovedBySystem, int skip = -1)
    {
        var (exists, epoch, node) = (false, 0UL, "");
        var history = new List<RoomOperation>();
        for (var i = 0; history.Count < Longest; i++)
        {
            if (isMovedBySystem && exists && random.Next(5) == 0) (epoch, node) = (epoch + 1, Nodes[random.Next(3)]);
            var drawn = random.Next(10);
            var call = drawn < 5 ? RoomCall.Read : !exists ? RoomCall.Create : drawn < 8 ? RoomCall.Move : RoomCall.Close;
            var (isAnswered, hasEffect) = (call == RoomCall.Read || random.Next(5) > 0, true);
            if (!isAnswered) hasEffect = random.Next(2) == 0;
            if (i == skip) hasEffect = false;
            Ownership? told = null;
            if (call is RoomCall.Create or RoomCall.Move)
            {
                var waits = isMovedBySystem && call == RoomCall.Create && random.Next(3) == 0; // for a node
                var given = waits ? new Ownership(epoch, "") : new Ownership(epoch + 1, Nodes[random.Next(3)]);
                if (hasEffect) (exists, epoch, node) = (true, given.Epoch, given.Node);
                if (isAnswered) told = given;
            }
            else if (call == RoomCall.Close && hasEffect) exists = false;
            else if (call == RoomCall.Read && exists) told = new Ownership(epoch, node);
            var at = Apart * (i + 1); // its effect; around it others
            history.Add(new RoomOperation("room", call, i, at - random.Next(1, Wide), isAnswered ? at + random.Next(1, Wide)
                : RoomOperation.Never, told));
        }
        return history;
    }

    internal static List<RoomOperation> Spoil(List<RoomOperation> history, string fault, Random random)
    {
        int[] reads = [.. Enumerable.Range(1, history.Count - 1).Where(i => history[i].Call == RoomCall.Read)];
        int[] writes = [.. Enumerable.Range(0, history.Count).Where(i => history[i].Call != RoomCall.Read && history[i].IsAnswered)];
        int[] owners = [.. reads.Where(i => history[i].Told is not null)];
        var read = reads.Length == 0 ? 0 : reads[random.Next(reads.Length)];
        switch (fault)
        {
            case "lost write": // acknowledged, and what follows does not know of it
                if (writes.Length == 0) break;
                var lost = writes[random.Next(writes.Length)];
                var before = history.Take(lost).Where(static one => one.Call == RoomCall.Read).Select(static one =>
                    one.Told).LastOrDefault();
                foreach (var later in reads.Where(i => i > lost)) history[later] = history[later] with { Told = before };
                break;
            case "stale read":
                Ownership?[] older = [.. history.Take(read).Where(one => one.Call == RoomCall.Read || one.Told is not null)
                    .Select(static one => one.Told).Where(told => told != history[read].Told)];
                if (older.Length > 0) history[read] = history[read] with { Told = older[0] };
                break;
            case "double owner":
                if (owners.Length == 0) break;
                var owned = owners[random.Next(owners.Length)];
                var told = history[owned].Told!.Value;
                history[owned] = history[owned] with { Told = told with { Node = Nodes[(Array.IndexOf(Nodes, told.Node) + 1) % 3] } };
                break;
            default:
                var (one, other) = (random.Next(history.Count / 2), history.Count / 2 + random.Next(history.Count / 2));
                var (first, second) = (history[one], history[other]);
                history[one] = second with
                {
                    BeganNs = first.BeganNs,
                    EndedNs = second.IsAnswered ? first.BeganNs + Wide
                    : RoomOperation.Never
                };
                history[other] = first with
                {
                    BeganNs = second.BeganNs,
                    EndedNs = first.IsAnswered ? second.BeganNs + Wide
                    : RoomOperation.Never
                };
                break;
        }
        return history;
    }
}
