using VideoScale.Model;

namespace VideoScale.MediaNode.Seats;

/// <summary>A participant's session on this node is over.</summary>
public readonly record struct EndedSession(RoomId Room, ParticipantIdentity Identity, ulong SeatId, SessionEnd Why);

/// <summary>Why a session ended without the participant's own wish.</summary>
public enum SessionEnd : byte
{
    /// <summary>The control plane took the seat away.</summary>
    Evicted = 1,
    /// <summary>The room is owned elsewhere now, or closed.</summary>
    RoomGivenUp = 2,
    /// <summary>The lease ended and the policy is <see cref="Ownership.MediaContinuity.Stop"/>, or the isolation grace is over.</summary>
    Isolated = 3,
    /// <summary>This incarnation was expelled.</summary>
    Expelled = 4,
    /// <summary>The same identity was admitted anew.</summary>
    Replaced = 5,
}
