using System.Buffers.Binary;
using VideoScale.Consensus.Apply.Snapshots;

namespace VideoScale.Consensus.Apply;

/// <summary>A snapshot's stream: a head with the session table, then what the state machine wrote. Checksums are the store's.</summary>
internal static class SnapshotEnvelope
{
    private const uint Magic = 0x31_53_53_56; // "VSS1"

    public static void Write(Stream stream, byte[] sessions)
    {
        Span<byte> head = stackalloc byte[8];
        BinaryPrimitives.WriteUInt32LittleEndian(head, Magic);
        BinaryPrimitives.WriteInt32LittleEndian(head[4..], sessions.Length);
        stream.Write(head);
        stream.Write(sessions);
    }

    /// <returns>The session table; the stream then stands where the state machine's part begins.</returns>
    public static byte[] Read(Stream stream)
    {
        Span<byte> head = stackalloc byte[8];
        stream.ReadExactly(head);
        if (BinaryPrimitives.ReadUInt32LittleEndian(head) != Magic) throw new InvalidDataException("not a snapshot of this log");
        var length = BinaryPrimitives.ReadInt32LittleEndian(head[4..]);
        if (length < 0) throw new InvalidDataException("a session table of negative length");
        var sessions = new byte[length];
        stream.ReadExactly(sessions);
        return sessions;
    }

    /// <summary>The state machine's part of a stored snapshot.</summary>
    internal sealed class Reader(IStoredSnapshot stored) : ISnapshotReader
    {
        public ulong Index => stored.Index;

        public Stream OpenRead()
        {
            var stream = stored.OpenRead();
            _ = Read(stream);
            return stream;
        }
    }
}
