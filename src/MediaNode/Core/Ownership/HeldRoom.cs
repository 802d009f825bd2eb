using VideoScale.MediaNode.Seats;
using VideoScale.Model;

namespace VideoScale.MediaNode.Ownership;

/// <summary>A room assigned to this node and not given up; whether it may be acted on depends on the lease.</summary>
internal sealed class HeldRoom(RoomId room, Epoch epoch)
{
    internal RoomId Room { get; } = room;
    internal Epoch Epoch { get; } = epoch;
    internal SeatCaps Caps { get; set; }
    internal RoomSeats Seats { get; } = new();
}
