using System.Buffers.Binary;

namespace VideoScale.MediaNode.Sctp;

/// <summary>Writes one packet, chunk after chunk, into the caller's octets.</summary>
internal ref struct PacketWriter
{
    private const int ChunkHeaderLength = 4;
    private readonly Span<byte> _packet;
    private int _length;

    internal PacketWriter(Span<byte> packet, ushort sourcePort, ushort destinationPort, uint tag)
    {
        _packet = packet;
        BinaryPrimitives.WriteUInt16BigEndian(packet, sourcePort);
        BinaryPrimitives.WriteUInt16BigEndian(packet[2..], destinationPort);
        BinaryPrimitives.WriteUInt32BigEndian(packet[4..], tag);
        _length = PacketReader.HeaderLength;
    }

    internal readonly bool IsEmpty => _length == PacketReader.HeaderLength;
    /// <summary>Octets that the value of one more chunk may have.</summary>
    internal readonly int Room => ((_packet.Length - _length) & ~3) - ChunkHeaderLength;

    /// <returns>Where the chunk's value goes.</returns>
    internal Span<byte> Chunk(ChunkType type, byte flags, int valueLength)
    {
        var chunk = _packet[_length..];
        (chunk[0], chunk[1]) = ((byte)type, flags);
        BinaryPrimitives.WriteUInt16BigEndian(chunk[2..], (ushort)(ChunkHeaderLength + valueLength));
        var padded = (ChunkHeaderLength + valueLength + 3) & ~3;
        chunk[(ChunkHeaderLength + valueLength)..padded].Clear();
        _length += padded;
        return chunk.Slice(ChunkHeaderLength, valueLength);
    }

    /// <returns>The packet's length.</returns>
    internal readonly int Finish()
    {
        Crc32C.Write(_packet[.._length]);
        return _length;
    }
}
