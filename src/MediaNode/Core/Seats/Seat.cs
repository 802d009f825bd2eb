using VideoScale.Model;

namespace VideoScale.MediaNode.Seats;

/// <summary>What a participant may do.</summary>
public enum SeatRole : byte { Publisher = 1, Subscriber = 2 }

/// <summary>A seat the control plane reserved in a room.</summary>
/// <param name="SeatId">Unique in the room's life; only grows.</param>
public sealed record Seat(ParticipantIdentity Identity, ulong SeatId, SeatRole Role);

/// <summary>How many may be seated at once; 0 for no cap.</summary>
public readonly record struct SeatCaps(uint Participants, uint Publishers);

/// <summary>What the whole node takes at once.</summary>
public readonly record struct NodeSeatCaps(uint Publishers, uint Subscribers);

/// <summary>A seat was taken up.</summary>
/// <param name="LeaseLeftMs">What was left of the lease at the grant.</param>
public readonly record struct SeatGrant(Epoch Epoch, uint LeaseLeftMs);

/// <summary>Why a seat was not granted, beside the words for the caller.</summary>
public enum SeatRefusalKind : byte
{
    LeaseEnded = 1,
    /// <summary>The room is not held here, or not yet.</summary>
    RoomNotHeld = 2,
    /// <summary>The request carries an epoch that is over.</summary>
    StaleEpoch = 3,
    /// <summary>The request carries an epoch this node has not heard of yet.</summary>
    EpochAhead = 4,
    /// <summary>The seat was not reserved, is gone, or its reservation has not arrived yet.</summary>
    SeatUnknown = 5,
    CapReached = 6,
}

/// <summary>The outcome of asking for a seat: exactly one of grant and refusal.</summary>
public readonly record struct SeatDecision(SeatGrant Grant, SeatRefusalKind? Refusal, Failure? Failure)
{
    public bool IsGranted => Refusal is null;

    /// <summary>The leader's directive may be under way: the same question may be answered otherwise in a moment.</summary>
    public bool MayChangeSoon => Refusal is SeatRefusalKind.RoomNotHeld or SeatRefusalKind.EpochAhead or SeatRefusalKind.SeatUnknown;

    internal static SeatDecision Refuse(SeatRefusalKind kind, Failure failure) => new(default, kind, failure);
}
