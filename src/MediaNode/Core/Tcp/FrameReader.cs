using System.Buffers.Binary;

namespace VideoScale.MediaNode.Tcp;

/// <summary>Cuts a stream of octets into packets, each of which stands behind its length in two octets (RFC 4571 §2).</summary>
/// <remarks>
/// Packets are spans of the reader's own memory and may be changed in place; they hold until <see cref="Room"/> is asked for. One that is
/// longer than any of ours breaks the stream for good: nothing behind it can be trusted to be a length.
/// </remarks>
public sealed class FrameReader
{
    public const int HeaderOctets = 2;
    /// <summary>As long as a datagram that the UDP sockets take.</summary>
    public const int LongestPacket = 2048;
    /// <summary>Several packets are read at once where they come faster than they are handled.</summary>
    private const int Capacity = 16 << 10;

    private readonly byte[] _octets = new byte[Capacity];
    private int _start;
    private int _end;

    /// <summary>A length stood in the stream that no packet of ours has.</summary>
    public bool IsBroken { get; private set; }

    /// <summary>Where what comes next is to be written; never empty once all whole packets have been read.</summary>
    public Memory<byte> Room
    {
        get
        {
            if (_start > 0)
            {
                _octets.AsSpan(_start, _end - _start).CopyTo(_octets);
                (_start, _end) = (0, _end - _start);
            }
            return _octets.AsMemory(_end);
        }
    }

    /// <summary>So many octets were written to <see cref="Room"/>.</summary>
    public void Received(int octets) => _end += octets;

    /// <summary>The next whole packet, which stays the next. Packets of no length carry nothing and are passed over.</summary>
    public bool TryPeek(out Span<byte> packet)
    {
        packet = default;
        while (!IsBroken && _end - _start >= HeaderOctets)
        {
            int length = BinaryPrimitives.ReadUInt16BigEndian(_octets.AsSpan(_start));
            IsBroken = length > LongestPacket;
            if (IsBroken || _end - _start < HeaderOctets + length) return false;
            if (length > 0)
            {
                packet = _octets.AsSpan(_start + HeaderOctets, length);
                return true;
            }
            _start += HeaderOctets;
        }
        return false;
    }

    /// <summary>Takes the next whole packet.</summary>
    public bool TryRead(out Span<byte> packet)
    {
        if (!TryPeek(out packet)) return false;
        _start += HeaderOctets + packet.Length;
        return true;
    }
}
