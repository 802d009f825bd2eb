using VideoScale.Model;

namespace VideoScale.MediaNode.Ownership;

/// <summary>
/// Epochs that have ended here, per room: an assignment at or below its room's floor is a late echo and is never accepted.
/// </summary>
/// <remarks>
/// Bounded: beyond <see cref="Limit"/> rooms the oldest floor becomes part of one floor for all rooms. Epochs grow across the
/// whole cluster, so a true assignment that is that old could only be one this node already holds.
/// </remarks>
internal sealed class EpochFloors
{
    internal const int Limit = 65_536;

    private readonly Dictionary<RoomId, Epoch> _floors = [];
    private readonly Queue<RoomId> _order = new();
    private Epoch _common;

    internal bool Forbids(RoomId room, Epoch epoch) =>
        epoch <= _common || (_floors.TryGetValue(room, out var floor) && epoch <= floor);

    internal void Raise(RoomId room, Epoch epoch)
    {
        if (_floors.TryGetValue(room, out var floor))
        {
            if (epoch > floor) _floors[room] = epoch;
            return;
        }
        _floors.Add(room, epoch);
        _order.Enqueue(room);
        if (_order.Count <= Limit) return;
        var oldest = _order.Dequeue();
        var ended = _floors[oldest];
        _floors.Remove(oldest);
        if (ended > _common) _common = ended;
    }
}
