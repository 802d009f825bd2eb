namespace VideoScale.Chaos.Linearizability;

/// <summary>What a room may be after some of its operations, one after the other.</summary>
/// <param name="Epoch">The last that is known of.</param>
/// <param name="IsExact">False: a write without an answer gave it a newer epoch, and a node, which nobody has seen yet.</param>
public readonly record struct RoomRegister(bool Exists, ulong Epoch, bool IsExact, string Node)
{
    public static RoomRegister Nothing { get; } = new(false, 0, true, "");

    /// <param name="isMovedBySystem">
    /// Whether the system itself may give a room a new owner at any time, each under a greater epoch, or take the one it has: after the
    /// loss of a node, and some time after a move was acknowledged. Then a write without an answer leaves a room that waits for a node.
    /// </param>
    /// <returns>Null: the operation cannot come next.</returns>
    public RoomRegister? After(RoomOperation operation, bool isMovedBySystem) => operation.Call switch
    {
        RoomCall.Create => Exists ? null : Renewed(operation, isMovedBySystem),
        RoomCall.Move when !Exists => null,
        RoomCall.Move => isMovedBySystem && operation.Told is null ? this : Renewed(operation, isMovedBySystem),
        RoomCall.Close => Exists ? this with { Exists = false } : null,
        _ => Seen(operation.Told, isMovedBySystem),
    };

    private RoomRegister? Renewed(RoomOperation write, bool isMovedBySystem)
    {
        if (write.Told is not { } told) return isMovedBySystem ? new(true, Epoch, IsExact: true, "") : new(true, Epoch, IsExact: false, "");
        if (told.Node.Length == 0 && (told.Epoch == 0 || told.Epoch >= Epoch)) // it waits for a node under its last epoch, if it had one
            return new(true, Math.Max(told.Epoch, Epoch), IsExact, "");
        return told.Epoch > Epoch ? new RoomRegister(true, told.Epoch, IsExact: true, told.Node) : null;
    }

    private RoomRegister? Seen(Ownership? read, bool isMovedBySystem)
    {
        if (read is not { } seen) return Exists ? null : this;
        if (!Exists || seen.Epoch < Epoch) return null;
        var now = new RoomRegister(true, seen.Epoch, IsExact: true, seen.Node);
        if (seen.Epoch > Epoch) return !IsExact || isMovedBySystem ? now : null;
        if (!IsExact) return null; // the epoch is a newer one
        return seen.Node == Node || (isMovedBySystem && seen.Node.Length == 0) ? now : null; // under one epoch there is one owner
    }
}
