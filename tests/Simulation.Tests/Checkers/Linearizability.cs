namespace VideoScale.Simulation.Checkers;

/// <summary>One operation on a register: a value written, or the value that was read; its time from call to answer.</summary>
internal readonly record struct Operation(long CalledUs, long AnsweredUs, bool Writes, ulong Value);

/// <summary>
/// Wing and Gong's search with Lowe's memory of states seen: is there an order of the operations that respects real time and in which
/// every read gives what was last written? One register at a time, which is enough (linearizability is local).
/// </summary>
internal static class Linearizability
{
    private const int MostStates = 2_000_000;

    public static bool Holds(List<Operation> history)
    {
        if (history.Count == 0) return true;
        var operations = history.OrderBy(operation => operation.CalledUs).ThenBy(operation => operation.AnsweredUs).ToArray();
        // Pieces between moments at which nothing is under way are searched one after the other.
        var values = new HashSet<ulong> { 0 };
        for (var at = 0; at < operations.Length;)
        {
            var (end, until) = (at, operations[at].AnsweredUs);
            while (end < operations.Length && operations[end].CalledUs <= until) until = Math.Max(until, operations[end++].AnsweredUs);
            values = Search(operations.AsSpan(at, end - at).ToArray(), values);
            if (values.Count == 0) return false;
            at = end;
        }
        return true;
    }

    /// <returns>The values that the register can have after all of these operations; none when no order explains them.</returns>
    private static HashSet<ulong> Search(Operation[] operations, HashSet<ulong> from)
    {
        var ends = new HashSet<ulong>();
        if (operations.Length == 1)
        {
            if (operations[0].Writes) ends.Add(operations[0].Value);
            else if (from.Contains(operations[0].Value)) ends.Add(operations[0].Value);
            return ends;
        }
        var words = (operations.Length + 63) / 64;
        var seen = new HashSet<State>();
        var open = new Stack<State>();
        foreach (var value in from) open.Push(new State(new ulong[words], value));
        while (open.TryPop(out var state))
        {
            if (!seen.Add(state)) continue;
            if (seen.Count > MostStates) throw new Violation("checker", $"{operations.Length} operations at once are too many to order");
            var firstAnswer = long.MaxValue;
            for (var i = 0; i < operations.Length; i++)
                if (!state.Has(i)) firstAnswer = Math.Min(firstAnswer, operations[i].AnsweredUs);
            if (firstAnswer == long.MaxValue)
            {
                ends.Add(state.Value);
                continue;
            }
            for (var i = 0; i < operations.Length && operations[i].CalledUs <= firstAnswer; i++)
            {
                if (state.Has(i) || (!operations[i].Writes && operations[i].Value != state.Value)) continue;
                open.Push(state.With(i, operations[i].Writes ? operations[i].Value : state.Value));
            }
        }
        return ends;
    }

    private readonly struct State(ulong[] done, ulong value) : IEquatable<State>
    {
        private readonly ulong[] _done = done;

        public ulong Value { get; } = value;

        public bool Has(int operation) => (_done[operation >> 6] & (1UL << (operation & 63))) != 0;

        public State With(int operation, ulong value)
        {
            var done = (ulong[])_done.Clone();
            done[operation >> 6] |= 1UL << (operation & 63);
            return new State(done, value);
        }

        public bool Equals(State other) => Value == other.Value && _done.AsSpan().SequenceEqual(other._done);
        public override bool Equals(object? obj) => obj is State other && Equals(other);

        public override int GetHashCode()
        {
            var hash = new HashCode();
            hash.Add(Value);
            foreach (var word in _done) hash.Add(word);
            return hash.ToHashCode();
        }
    }
}
