using VideoScale.V1;

namespace VideoScale.Gateway.Ports;

/// <summary>Where a room stands.</summary>
/// <param name="NodeAddress">Empty unless the room is active.</param>
/// <param name="AppliedIndex">Of the log: what came later is not in it.</param>
/// <param name="Seat">Of the identity that was asked for; null when it has none.</param>
public sealed record RoomPlace(RoomStatus Status, ulong Epoch, string NodeAddress, uint Participants, Room Info, ulong AppliedIndex,
    SeatPlace? Seat)
{
    /// <summary>The seat of that identity which was removed last, and has not been followed by one that it left; 0 without one.</summary>
    public ulong RemovedSeatId { get; init; }

    public bool IsOpen => IsOpenIn(Status);

    public static bool IsOpenIn(RoomStatus status) => status is not (RoomStatus.Closing or RoomStatus.Closed);

    /// <param name="heldSeatId">The seat that the client had; 0 when that is not known.</param>
    public bool WasRemoved(ulong heldSeatId) => RemovedSeatId != 0 && (heldSeatId == 0 ? Seat is null : RemovedSeatId >= heldSeatId);
}

/// <param name="HasJoined">Its holder is, or was, at the present owner.</param>
public sealed record SeatPlace(ulong Id, ParticipantRole Role, bool HasJoined);
