using System.Diagnostics;

namespace VideoScale.Chaos.Linearizability;

/// <summary>Whether a room's operations can have happened one after the other, each between its begin and its answer.</summary>
public enum Linearizability { Holds, Broken, OutOfTime }

/// <param name="Detail">The operation that fits nowhere.</param>
public sealed record RoomFinding(string Room, int Operations, Linearizability Outcome, string? Detail);

/// <summary>
/// The search of Wing and Gong with Lowe's memory of configurations seen, room by room: rooms are linearizable together when each is.
/// </summary>
/// <param name="budget">For one room; a search that takes longer has not passed.</param>
public sealed class LinearizabilityChecker(TimeSpan budget, bool isMovedBySystem)
{
    private const int LookAtClockEvery = 1024;

    public IReadOnlyList<RoomFinding> Check(IEnumerable<RoomOperation> operations) =>
        [.. operations.GroupBy(static operation => operation.Room).OrderBy(static room => room.Key, StringComparer.Ordinal)
            .Select(room => CheckRoom(room.Key, [.. room]))];

    private RoomFinding CheckRoom(string room, RoomOperation[] operations)
    {
        var head = Mark.ListOf(operations);
        var started = Stopwatch.GetTimestamp();
        var seen = new HashSet<Configuration>();
        var done = new Stack<(Mark Call, RoomRegister Before)>();
        var (state, placed) = (RoomRegister.Nothing, new ulong[(operations.Length + 63) / 64]);
        var (at, steps) = (head.Next, 0);
        Mark? stuck = null;
        while (at is not null)
        {
            if (++steps % LookAtClockEvery == 0 && Stopwatch.GetElapsedTime(started) > budget)
                return new(room, operations.Length, Linearizability.OutOfTime, $"no order found in {budget.TotalSeconds:0.#} s");
            if (at.Return is not null)
            {
                if (state.After(at.Operation, isMovedBySystem) is { } next && seen.Add(Configuration.Of(placed, at.Number, next)))
                {
                    done.Push((at, state));
                    (state, placed[at.Number / 64]) = (next, placed[at.Number / 64] | 1UL << at.Number % 64);
                    at.Lift();
                    at = head.Next;
                }
                else at = at.Next;
                continue;
            }
            if (!at.Operation.IsAnswered) break; // all that were answered have their place; the others need none
            if (stuck is null || at.Operation.EndedNs > stuck.Operation.EndedNs) stuck = at;
            if (done.Count == 0) return new(room, operations.Length, Linearizability.Broken, $"nothing explains {stuck.Operation}");
            var (call, before) = done.Pop();
            (state, placed[call.Number / 64]) = (before, placed[call.Number / 64] & ~(1UL << call.Number % 64));
            call.Unlift();
            at = call.Next;
        }
        return new(room, operations.Length, Linearizability.Holds, null);
    }

    /// <summary>Which operations have their place, and what the room is then: a search that comes to it again finds nothing new.</summary>
    private readonly record struct Configuration(string Placed, RoomRegister State)
    {
        internal static Configuration Of(ulong[] placed, int and, RoomRegister state) => new(string.Create(placed.Length * 4, (placed, and),
            static (text, from) =>
            {
                for (var word = 0; word < from.placed.Length; word++)
                {
                    var bits = from.placed[word] | (from.and / 64 == word ? 1UL << from.and % 64 : 0);
                    for (var part = 0; part < 4; part++) text[word * 4 + part] = (char)(ushort)(bits >> 16 * part);
                }
            }), state);
    }

    /// <summary>Begin or end of an operation, in a list by time from which operations that have their place are taken.</summary>
    private sealed class Mark(RoomOperation operation, int number)
    {
        public RoomOperation Operation => operation;
        public int Number => number;
        public Mark? Return { get; private set; } // null: it is one
        public Mark? Next { get; private set; }
        private Mark? Before { get; set; }

        internal static Mark ListOf(RoomOperation[] operations)
        {
            var marks = new List<(long AtNs, bool IsEnd, Mark Mark)>();
            foreach (var (number, operation) in operations.OrderBy(static operation => operation.BeganNs).Index())
            {
                var end = new Mark(operation, number);
                marks.Add((operation.BeganNs, false, new Mark(operation, number) { Return = end }));
                marks.Add((operation.EndedNs, true, end));
            }
            Mark head = new(operations[0], -1), last = head;
            foreach (var (_, _, mark) in marks.OrderBy(static mark => mark.AtNs).ThenBy(static mark => mark.IsEnd))
                (last.Next, mark.Before, last) = (mark, last, mark);
            return head;
        }

        internal void Lift()
        {
            Remove(this);
            Remove(Return!);
        }

        internal void Unlift()
        {
            Restore(Return!);
            Restore(this);
        }

        private static void Remove(Mark mark)
        {
            mark.Before!.Next = mark.Next;
            if (mark.Next is { } next) next.Before = mark.Before;
        }

        private static void Restore(Mark mark)
        {
            mark.Before!.Next = mark;
            if (mark.Next is { } next) next.Before = mark;
        }
    }
}
