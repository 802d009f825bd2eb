using VideoScale.ControlPlane.Canonical;
using VideoScale.ControlPlane.Fields;

namespace VideoScale.ControlPlane.Rooms;

/// <summary>As on the wire (videoscale.v1.RoomStatus).</summary>
public enum RoomStatus : byte
{
    None = 0,
    /// <summary>Has no owner: waits for a node with room.</summary>
    Unplaced = 1,
    Active = 2,
    /// <summary>Revoked from its owner; waits for the release, or for the lease to end.</summary>
    Revoking = 3,
    Closed = 4,
    /// <summary>Being closed: its owner has not released it yet.</summary>
    Closing = 5,
}

public enum RevokeReason : byte { None = 0, Move = 1, Drain = 2, Close = 3 }

public enum ReleaseKind : byte
{
    None = 0,
    /// <summary>The owner gave the room up.</summary>
    ByOwner = 1,
    /// <summary>The owner's lease, as acknowledged before the revoke, ended.</summary>
    LeaseEnded = 2,
    /// <summary>The node was declared lost.</summary>
    NodeLost = 3,
}

public enum CloseReason : byte { None = 0, Requested = 1, Empty = 2 }

/// <summary>What the creator of a room asked for.</summary>
/// <param name="ExpectedParticipants">At the peak; 0 when not known.</param>
/// <param name="Region">Empty for any.</param>
/// <param name="MaxParticipants">0 for no cap of the room's own.</param>
/// <param name="MaxPublishers">0 for no cap of the room's own.</param>
/// <param name="EmptyTimeoutMs">Closed after being empty this long; 0 for never.</param>
/// <param name="Metadata">Returned unread; at most <see cref="RoomDetails.MaxMetadataBytes"/>.</param>
public sealed record RoomSettings(
    uint ExpectedParticipants, string Region, uint MaxParticipants, uint MaxPublishers, ulong EmptyTimeoutMs, ReadOnlyMemory<byte> Metadata)
{
    /// <summary>Of what CreateRoom brings; OpenRoom and UpdateRoom have LiveKit's bound.</summary>
    public const int MaxMetadataBytes = 64 * 1024;
    public const uint MaxSeats = 100_000;
    public const ulong MaxEmptyTimeoutMs = 86_400_000;
    public const ulong DefaultEmptyTimeoutMs = 300_000;
    public static readonly RoomSettings Default = new(0, "", 0, 0, DefaultEmptyTimeoutMs, default);

    public void Describe(FieldSink sink)
    {
        sink.Number("expected_participants", ExpectedParticipants);
        sink.Text("region", Region);
        sink.Number("max_participants", MaxParticipants);
        sink.Number("max_publishers", MaxPublishers);
        sink.Number("empty_timeout_ms", EmptyTimeoutMs);
        sink.Bytes("metadata", Metadata.Span);
    }

    public static RoomSettings Read(ref CanonicalReader reader) => new(
        reader.ReadUInt32(), reader.ReadString(), reader.ReadUInt32(), reader.ReadUInt32(), reader.ReadUInt64(), ReadMetadata(ref reader));

    public bool Equals(RoomSettings? other) =>
        other is not null && ExpectedParticipants == other.ExpectedParticipants && Region == other.Region
            && MaxParticipants == other.MaxParticipants
        && MaxPublishers == other.MaxPublishers && EmptyTimeoutMs == other.EmptyTimeoutMs
            && Metadata.Span.SequenceEqual(other.Metadata.Span);

    public override int GetHashCode() =>
        unchecked((int)(ExpectedParticipants * 31 + MaxParticipants * 17 + MaxPublishers) ^ Metadata.Length);

    private static ReadOnlyMemory<byte> ReadMetadata(ref CanonicalReader reader)
    {
        var bytes = reader.ReadBytes();
        return bytes.IsEmpty ? default : bytes.ToArray();
    }
}
