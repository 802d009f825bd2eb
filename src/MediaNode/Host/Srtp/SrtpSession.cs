using System.Buffers.Binary;
using VideoScale.MediaNode.Rtp;

namespace VideoScale.MediaNode.Host.Srtp;

/// <summary>Seals what goes to one peer. Refuses to seal a sequence number twice: under GCM that would give the key away.</summary>
public sealed class SrtpSender(ISrtpCipher cipher) : IDisposable
{
    private readonly Dictionary<uint, SrtpIndex> _streams = [];
    private uint _rtcpIndex;

    public int RtpOverhead => cipher.RtpOverhead;
    public int RtcpOverhead => cipher.RtcpOverhead;

    /// <summary>Seals in place; returns the new length, or -1 for what is no RTP packet or was sealed before.</summary>
    public int ProtectRtp(Span<byte> packet, int length)
    {
        var headerLength = RtpHeader.LengthOf(packet[..length]);
        if (headerLength < 0 || packet.Length < length + cipher.RtpOverhead) return -1;
        var ssrc = BinaryPrimitives.ReadUInt32BigEndian(packet[8..]);
        var sequence = BinaryPrimitives.ReadUInt16BigEndian(packet[2..]);
        if (!_streams.TryGetValue(ssrc, out var stream)) _streams[ssrc] = stream = new SrtpIndex();
        var index = stream.Guess(sequence);
        if (index < 0 || !stream.Window.Accepts(index)) return -1;
        stream.Window.Mark(index);
        return cipher.SealRtp(packet, length, headerLength, ssrc, (uint)(index >> 16), sequence);
    }

    public int ProtectRtcp(Span<byte> packet, int length)
    {
        if (length < 8 || packet.Length < length + cipher.RtcpOverhead) return -1;
        _rtcpIndex = (_rtcpIndex + 1) & 0x7FFF_FFFF;
        return cipher.SealRtcp(packet, length, BinaryPrimitives.ReadUInt32BigEndian(packet[4..]), _rtcpIndex);
    }

    public void Dispose() => cipher.Dispose();
}

/// <summary>Opens what comes from one peer: authentic, not replayed, or not at all.</summary>
public sealed class SrtpReceiver(ISrtpCipher cipher) : IDisposable
{
    /// <summary>Streams are remembered only once a packet of theirs was authentic; a peer with more is broken or hostile.</summary>
    private const int MaxStreams = 256;

    private readonly Dictionary<uint, SrtpIndex> _streams = [];
    private readonly Dictionary<uint, ReplayWindow> _rtcpWindows = [];

    public long Refused { get; private set; }
    public long Replayed { get; private set; }

    /// <summary>Opens in place; returns the plain length, or -1.</summary>
    public int UnprotectRtp(Span<byte> packet)
    {
        var headerLength = RtpHeader.LengthOf(packet);
        if (headerLength < 0) { Refused++; return -1; }
        var ssrc = BinaryPrimitives.ReadUInt32BigEndian(packet[8..]);
        var sequence = BinaryPrimitives.ReadUInt16BigEndian(packet[2..]);
        var known = _streams.TryGetValue(ssrc, out var stream);
        var index = known ? stream!.Guess(sequence) : sequence;
        if (index < 0 || (!known && _streams.Count >= MaxStreams)) { Refused++; return -1; }
        if (known && !stream!.Window.Accepts(index)) { Replayed++; return -1; }
        var length = cipher.OpenRtp(packet, headerLength, ssrc, (uint)(index >> 16), sequence);
        if (length < 0) { Refused++; return -1; }
        if (!known) _streams[ssrc] = stream = new SrtpIndex();
        stream!.Window.Mark(index);
        return length;
    }

    public int UnprotectRtcp(Span<byte> packet)
    {
        if (packet.Length < 8) { Refused++; return -1; }
        var ssrc = BinaryPrimitives.ReadUInt32BigEndian(packet[4..]);
        var length = cipher.OpenRtcp(packet, ssrc, out var index);
        if (length < 0) { Refused++; return -1; }
        if (!_rtcpWindows.TryGetValue(ssrc, out var window))
        {
            if (_rtcpWindows.Count >= MaxStreams) { Refused++; return -1; }
            _rtcpWindows[ssrc] = window = new ReplayWindow();
        }
        if (!window.Accepts(index)) { Replayed++; return -1; }
        window.Mark(index);
        return length;
    }

    public void Dispose() => cipher.Dispose();
}

/// <summary>The 48-bit index of one stream: rollover counter and sequence number (RFC 3711 §3.3.1).</summary>
internal sealed class SrtpIndex
{
    public ReplayWindow Window { get; } = new();

    /// <summary>The index nearest to the highest used; negative when it lies before the first rollover.</summary>
    public long Guess(ushort sequence) => Window.Highest < 0 ? sequence : Window.Highest + Unwrapper.Distance(sequence, Window.Highest, 16);
}
