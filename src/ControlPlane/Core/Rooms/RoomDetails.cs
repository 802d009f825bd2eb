using VideoScale.ControlPlane.Canonical;
using VideoScale.ControlPlane.Commands;
using VideoScale.ControlPlane.Fields;
using VideoScale.Model;

namespace VideoScale.ControlPlane.Rooms;

/// <summary>Parts of a room that an update changes.</summary>
[Flags]
public enum RoomParts : byte { None = 0, Name = 1, EmptyTimeout = 2, DepartureTimeout = 4, MaxParticipants = 8, Metadata = 16 }

/// <summary>
/// What is known of a room beside its settings. Written and hashed only where there is any: a room without looks as it did before there
/// were details.
/// </summary>
/// <param name="Name">What its users call it; the id is derived from it (<see cref="RoomName"/>).</param>
/// <param name="DepartureTimeoutMs">Closed so long after the last one left; 0 for as long as it would wait for the first.</param>
/// <param name="WasJoined">Somebody has been in it in this life.</param>
/// <param name="UpdatedSeq">event_seq of the last update: whoever is told of two knows which is newer.</param>
public sealed record RoomDetails(string Name, ulong DepartureTimeoutMs, bool WasJoined, ulong UpdatedSeq)
{
    /// <summary>LiveKit's own defaults.</summary>
    public const ulong DefaultDepartureTimeoutMs = 20_000;
    /// <summary>Whatever fits LiveKit's uint32 of seconds.</summary>
    public const ulong MaxTimeoutMs = uint.MaxValue * 1_000UL;
    public const int MaxMetadataBytes = 512 * 1024;

    public void Describe(FieldSink sink)
    {
        sink.Text("name", Name);
        sink.Number("departure_timeout_ms", DepartureTimeoutMs);
        sink.Flag("was_joined", WasJoined);
        sink.Number("updated_seq", UpdatedSeq);
    }

    public static RoomDetails Read(ref CanonicalReader reader) =>
        new(reader.ReadString(), reader.ReadUInt64(), reader.ReadBool(), reader.ReadUInt64());
}

/// <summary>What shall be different about a room; null leaves a thing as it is.</summary>
/// <param name="EmptyTimeoutMs">0 for never.</param>
/// <param name="DepartureTimeoutMs">0 for as long as <paramref name="EmptyTimeoutMs"/>.</param>
/// <param name="MaxParticipants">0 for no cap.</param>
public sealed record RoomPatch(ulong? EmptyTimeoutMs, ulong? DepartureTimeoutMs, uint? MaxParticipants, ReadOnlyMemory<byte>? Metadata)
{
    public static readonly RoomPatch Nothing = new(null, null, null, null);

    public Failure? Check() =>
        Rules.InRange("empty_timeout_ms", EmptyTimeoutMs ?? 0, 0, RoomDetails.MaxTimeoutMs)
        ?? Rules.InRange("departure_timeout_ms", DepartureTimeoutMs ?? 0, 0, RoomDetails.MaxTimeoutMs)
        ?? Rules.MaxBytes("metadata", Metadata?.Length ?? 0, RoomDetails.MaxMetadataBytes);

    public RoomSettings ApplyTo(RoomSettings settings) => settings with
    {
        EmptyTimeoutMs = EmptyTimeoutMs ?? settings.EmptyTimeoutMs,
        MaxParticipants = MaxParticipants ?? settings.MaxParticipants,
        Metadata = Metadata ?? settings.Metadata,
    };

    public void Describe(FieldSink sink)
    {
        Describe(sink, "empty_timeout_ms", EmptyTimeoutMs);
        Describe(sink, "departure_timeout_ms", DepartureTimeoutMs);
        Describe(sink, "max_participants", MaxParticipants);
        sink.Flag("has_metadata", Metadata is not null);
        if (Metadata is { } metadata) sink.Bytes("metadata", metadata.Span);
    }

    public static RoomPatch Read(ref CanonicalReader reader) => new(
        reader.ReadBool() ? reader.ReadUInt64() : null,
        reader.ReadBool() ? reader.ReadUInt64() : null,
        reader.ReadBool() ? reader.ReadUInt32() : null,
        reader.ReadBool() ? reader.ReadBytes().ToArray() : (ReadOnlyMemory<byte>?)null);

    public bool Equals(RoomPatch? other) =>
        other is not null && EmptyTimeoutMs == other.EmptyTimeoutMs && DepartureTimeoutMs == other.DepartureTimeoutMs
            && MaxParticipants == other.MaxParticipants
        && Metadata.HasValue == other.Metadata.HasValue && (Metadata ?? default).Span.SequenceEqual((other.Metadata ?? default).Span);

    public override int GetHashCode() =>
        unchecked((int)((EmptyTimeoutMs ?? 1) * 31 + (DepartureTimeoutMs ?? 1) * 17 + (MaxParticipants ?? 1)) ^ (Metadata?.Length ?? -1));

    private static void Describe(FieldSink sink, string name, ulong? value)
    {
        sink.Flag("has_" + name, value is not null);
        if (value is { } number) sink.Number(name, number);
    }
}
