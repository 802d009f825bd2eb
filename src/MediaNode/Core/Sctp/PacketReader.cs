using System.Buffers.Binary;

namespace VideoScale.MediaNode.Sctp;

/// <summary>Goes through the chunks of one packet (RFC 9260 §3). What does not fit ends it; nothing throws.</summary>
internal ref struct PacketReader
{
    internal const int HeaderLength = 12;
    private ReadOnlySpan<byte> _rest;

    private PacketReader(ReadOnlySpan<byte> packet)
    {
        SourcePort = BinaryPrimitives.ReadUInt16BigEndian(packet);
        DestinationPort = BinaryPrimitives.ReadUInt16BigEndian(packet[2..]);
        Tag = BinaryPrimitives.ReadUInt32BigEndian(packet[4..]);
        _rest = packet[HeaderLength..];
    }

    internal ushort SourcePort { get; }
    internal ushort DestinationPort { get; }
    internal uint Tag { get; }

    internal ChunkType Type { get; private set; }
    internal byte Flags { get; private set; }
    /// <summary>Of the chunk, without its header and padding.</summary>
    internal ReadOnlySpan<byte> Value { get; private set; }
    /// <summary>No chunk stands behind the one just read.</summary>
    internal readonly bool IsLast => _rest.Length < TlvReader.HeaderLength;

    internal static bool TryOpen(ReadOnlySpan<byte> packet, out PacketReader reader)
    {
        reader = default;
        if (packet.Length < HeaderLength + TlvReader.HeaderLength || !Crc32C.Matches(packet)) return false;
        reader = new PacketReader(packet);
        return true;
    }

    internal bool Next()
    {
        if (_rest.Length < TlvReader.HeaderLength) return false;
        var length = BinaryPrimitives.ReadUInt16BigEndian(_rest[2..]);
        if (length < TlvReader.HeaderLength || length > _rest.Length) return false;
        (Type, Flags) = ((ChunkType)_rest[0], _rest[1]);
        Value = _rest[TlvReader.HeaderLength..length];
        _rest = _rest[Math.Min((length + 3) & ~3, _rest.Length)..];
        return true;
    }
}

/// <summary>Goes through the parameters within a chunk.</summary>
internal ref struct TlvReader(ReadOnlySpan<byte> parameters)
{
    internal const int HeaderLength = 4;
    private ReadOnlySpan<byte> _rest = parameters;

    internal ParameterType Type { get; private set; }
    internal ReadOnlySpan<byte> Value { get; private set; }

    internal bool Next()
    {
        if (_rest.Length < HeaderLength) return false;
        var length = BinaryPrimitives.ReadUInt16BigEndian(_rest[2..]);
        if (length < HeaderLength || length > _rest.Length) return false;
        Type = (ParameterType)BinaryPrimitives.ReadUInt16BigEndian(_rest);
        Value = _rest[HeaderLength..length];
        _rest = _rest[Math.Min((length + 3) & ~3, _rest.Length)..];
        return true;
    }
}
