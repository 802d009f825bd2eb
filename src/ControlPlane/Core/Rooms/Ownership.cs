using VideoScale.ControlPlane.Canonical;
using VideoScale.ControlPlane.Events;
using VideoScale.ControlPlane.Fields;
using VideoScale.ControlPlane.Placement;
using VideoScale.Model;

namespace VideoScale.ControlPlane.Rooms;

/// <summary>One ownership that was not released: the node may hold authority in the room until it releases it or its lease ends.</summary>
/// <param name="Revoke">The committed revoke; none while the owner is wanted.</param>
public sealed record Ownership(
    NodeId Node, ulong Incarnation, Epoch Epoch, Reservation Reservation, long PlacedAtMs, EventRef Revoke, RevokeReason RevokeReason,
        NodeId Target)
{
    public bool IsRevoked => !Revoke.IsNone;

    public void Describe(FieldSink sink)
    {
        sink.Node(Node);
        sink.Number("incarnation", Incarnation);
        sink.Epoch(Epoch);
        Reservation.Describe(sink);
        sink.Signed("placed_at_ms", PlacedAtMs);
        Revoke.Describe(sink, "revoke");
        sink.Choice("revoke_reason", RevokeReason);
        sink.Node("target", Target);
    }

    public static Ownership Read(ref CanonicalReader r) => new(
        new(r.ReadString()), r.ReadUInt64(), new(r.ReadUInt64()), Reservation.Read(ref r), r.ReadInt64(), EventRef.Read(ref r),
            (RevokeReason)r.ReadByte(), new(r.ReadString()));
}
