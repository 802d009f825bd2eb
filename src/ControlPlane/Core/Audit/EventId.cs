using System.Buffers.Binary;

namespace VideoScale.ControlPlane.Audit;

/// <summary>
/// Names an event everywhere and for ever: the first 16 bytes of SHA-256(cluster id, raft index, ordinal), so every replica derives the
/// same.
/// </summary>
public readonly record struct EventId(UInt128 Value)
{
    public const int SizeBytes = 16;
    public static EventId None => default;

    public static EventId FromBytes(ReadOnlySpan<byte> bytes) => new(BinaryPrimitives.ReadUInt128BigEndian(bytes));

    public void CopyTo(Span<byte> destination) => BinaryPrimitives.WriteUInt128BigEndian(destination, Value);

    public byte[] ToArray()
    {
        var bytes = new byte[SizeBytes];
        CopyTo(bytes);
        return bytes;
    }

    /// <summary>32 lower-case hex digits.</summary>
    public override string ToString() => $"{(ulong)(Value >> 64):x16}{(ulong)(Value & ulong.MaxValue):x16}";
}
