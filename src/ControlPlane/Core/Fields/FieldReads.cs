using VideoScale.ControlPlane.Canonical;
using VideoScale.Model;

namespace VideoScale.ControlPlane.Fields;

/// <summary>Reads what <see cref="FieldSink"/> names.</summary>
public static class FieldReads
{
    public static RoomId ReadRoom(this ref CanonicalReader reader) => new(reader.ReadString());
    public static NodeId ReadNode(this ref CanonicalReader reader) => new(reader.ReadName());
    public static ParticipantIdentity ReadIdentity(this ref CanonicalReader reader) => new(reader.ReadString());
    public static Epoch ReadEpoch(this ref CanonicalReader reader) => new(reader.ReadUInt64());
}
