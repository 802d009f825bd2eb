namespace VideoScale.Chaos.Linearizability;

public enum RoomCall { Create, Move, Close, Read }

/// <summary>Who owns a room, under which epoch.</summary>
/// <param name="Epoch">0: it never had an owner.</param>
/// <param name="Node">Empty: nobody now.</param>
public readonly record struct Ownership(ulong Epoch, string Node);

/// <summary>One call on one room, from its begin to its answer.</summary>
/// <param name="EndedNs"><see cref="Never"/>: there was no answer, and it may take effect at any later time, or not at all.</param>
/// <param name="Told">What the answer said; null: of a read, that there is no such room; of a write, nothing.</param>
public sealed record RoomOperation(string Room, RoomCall Call, int Process, long BeganNs, long EndedNs, Ownership? Told)
{
    public const long Never = long.MaxValue;

    public bool IsAnswered => EndedNs != Never;

    public override string ToString() => $"{Call.ToString().ToLowerInvariant()} by process {Process} at {BeganNs / 1e9:0.000} s"
        + (Told is { } told ? $" (epoch {told.Epoch} on {(told.Node.Length == 0 ? "no node" : told.Node)})"
            : IsAnswered ? Call == RoomCall.Read ? " (no such room)" : "" : " (no answer)");
}
