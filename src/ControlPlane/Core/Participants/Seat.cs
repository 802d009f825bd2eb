using VideoScale.ControlPlane.Canonical;
using VideoScale.ControlPlane.Fields;
using VideoScale.ControlPlane.Ordinal;
using VideoScale.Model;

namespace VideoScale.ControlPlane.Participants;

/// <summary>
/// A seat in a room. Joined means joined under an epoch: when the room changes hands, everyone is merely admitted again, with a fresh
/// deadline.
/// </summary>
/// <param name="SeatId">event_seq of the admission: unique, and only grows.</param>
/// <param name="JoinedEpoch">Epoch under which the owner reported the participant; none before.</param>
public sealed record Seat(ParticipantIdentity Identity, ulong SeatId, ParticipantRole Role, long AdmittedAtMs, Epoch JoinedEpoch) : INamed
{
    /// <summary>A seat that nobody took is freed after this long under one owner, in milliseconds of log time.</summary>
    public const long JoinWithinMs = 30_000;

    private UInt128 _hash;

    string INamed.Name => Identity.Value;

    /// <summary>
    /// It was joined under the epoch it was awaited under, or freed: a deadline set for it is over, and need not look for the seat that
    /// took its place.
    /// </summary>
    internal bool IsSettled { get; set; }

    /// <summary>What <c>with</c> makes is another seat: it must not inherit the hash.</summary>
    private Seat(Seat other) => (Identity, SeatId, Role, AdmittedAtMs, JoinedEpoch) = (other.Identity, other.SeatId, other.Role,
        other.AdmittedAtMs, other.JoinedEpoch);

    public void Describe(FieldSink sink)
    {
        sink.Identity(Identity);
        sink.Number("seat_id", SeatId);
        sink.Choice("role", Role);
        sink.Signed("admitted_at_ms", AdmittedAtMs);
        sink.Epoch("joined_epoch", JoinedEpoch);
    }

    public static Seat Read(ref CanonicalReader reader) =>
        new(new(reader.ReadString()), reader.ReadUInt64(), (ParticipantRole)reader.ReadByte(), reader.ReadInt64(),
            new(reader.ReadUInt64()));

    /// <summary>Computed once: a seat never changes, it is replaced.</summary>
    internal UInt128 Hash(FieldHasher hasher)
    {
        if (_hash != 0) return _hash;
        Describe(hasher.Begin('s'));
        return _hash = hasher.End();
    }

    public bool Equals(Seat? other) =>
        other is not null && Identity == other.Identity && SeatId == other.SeatId && Role == other.Role
            && AdmittedAtMs == other.AdmittedAtMs && JoinedEpoch == other.JoinedEpoch;

    public override int GetHashCode() => unchecked((int)SeatId);
}
