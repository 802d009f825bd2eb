using VideoScale.MediaNode.Codecs;
using VideoScale.MediaNode.Rtp;

namespace VideoScale.MediaNode.Recovery;

/// <summary>What is kept of a packet beside its octets.</summary>
public struct StoredPacket
{
    public long Sequence;
    public int Length;
    public RtpHeader Header;
    public FrameInfo Frame;
}

/// <summary>The last plaintext packets of one published stream, kept once for all its subscribers; also tells duplicates.</summary>
public sealed class PacketHistory
{
    /// <summary>Some two seconds of a 2.5 Mbit/s layer.</summary>
    public const int Capacity = 512;
    /// <summary>Octets of the largest RTP packet forwarded: an Ethernet frame without IPv6 and UDP headers, less the seal.</summary>
    public const int MaxPacket = 1436;

    private readonly byte[] _slab = new byte[Capacity * MaxPacket];
    private readonly StoredPacket[] _packets = new StoredPacket[Capacity];

    /// <summary>False, without storing, when the packet is there already or is older than what is kept.</summary>
    public bool TryStore(long sequence, ReadOnlySpan<byte> packet, in RtpHeader header, in FrameInfo frame)
    {
        var slot = (int)(sequence % Capacity);
        ref var stored = ref _packets[slot];
        if (stored.Length != 0 && stored.Sequence >= sequence) return false;
        stored.Sequence = sequence;
        stored.Length = packet.Length;
        stored.Header = header;
        stored.Frame = frame;
        packet.CopyTo(_slab.AsSpan(slot * MaxPacket, MaxPacket));
        return true;
    }

    public bool TryGet(long sequence, out StoredPacket stored, out ReadOnlySpan<byte> packet)
    {
        var slot = (int)(sequence % Capacity);
        stored = _packets[slot];
        packet = default;
        if (stored.Length == 0 || stored.Sequence != sequence) return false;
        packet = _slab.AsSpan(slot * MaxPacket, stored.Length);
        return true;
    }
}
