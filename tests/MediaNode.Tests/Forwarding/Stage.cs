using VideoScale.MediaNode.Codecs;
using VideoScale.MediaNode.Forwarding;
using VideoScale.MediaNode.Rtcp;
using VideoScale.MediaNode.Rtp;
using VideoScale.MediaNode.Tests.Fuzzing;

namespace VideoScale.MediaNode.Tests.Forwarding;

/// <summary>Keeps what the engine sends to each peer.</summary>
internal sealed class RecordingSink : IPacketSink
{
    private readonly byte[] _room = new byte[1500];
    public List<(int Peer, byte[] Packet)> Rtp { get; } = [];
    public List<(int Peer, byte[] Packet)> Rtcp { get; } = [];
    public Span<byte> Reserve(int peer) => _room;
    /// <summary>The transport takes nothing, while set.</summary>
    public bool Refuses { get; set; }
    public bool CommitRtp(int peer, int length, PacketKind kind) => Take(Rtp, peer, length);
    public bool CommitRtcp(int peer, int length) => Take(Rtcp, peer, length);

    private bool Take(List<(int Peer, byte[] Packet)> taken, int peer, int length)
    {
        if (!Refuses) taken.Add((peer, _room[..length]));
        return !Refuses;
    }

    public List<byte[]> TakeRtp(int peer)
    {
        var taken = Rtp.Where(sent => sent.Peer == peer).Select(sent => sent.Packet).ToList();
        Rtp.RemoveAll(sent => sent.Peer == peer);
        return taken;
    }

    public List<byte[]> TakeRtcp(int peer)
    {
        var taken = Rtcp.Where(sent => sent.Peer == peer).Select(sent => sent.Packet).ToList();
        Rtcp.RemoveAll(sent => sent.Peer == peer);
        return taken;
    }
}

/// <summary>
/// A camera that sends VP8 in layers with temporal layers, each layer with numbers of its own that begin near their wraps.
/// </summary>
internal sealed class Camera
{
    public const int Track = 10;
    public const byte PayloadType = 96;
    public const byte RtxPayloadType = 97;
    public static readonly ExtensionIds Ids = new() { Mid = 1, Rid = 2, RepairedRid = 3, TransportSequence = 4, AudioLevel = 5 };
    private static readonly string[] Rids = ["q", "h", "f"];

    private readonly Random _random;
    private readonly Stream[] _streams;
    private readonly Dictionary<(uint, ushort), byte[]> _sent = [];
    private ushort _transport;
    private ushort _rtx = 65_530;

    private sealed class Stream
    {
        public uint Ssrc;
        public ushort Sequence;
        public uint Timestamp;
        public int Picture;
        public int Tl0;
        public bool KeyWanted = true;
        public uint FirstTimestamp;
    }

    public Camera(Random random, int layers = 3)
    {
        _random = random;
        _streams = [.. Enumerable.Range(0, layers).Select(i => new Stream
        {
            Ssrc = (uint)(100 + i), Sequence = (ushort)random.Next(65_000, 65_536), Timestamp = uint.MaxValue - (uint)random.Next(200_000),
            Picture = random.Next(32_700, 32_768), Tl0 = random.Next(240, 256),
        })];
        foreach (var stream in _streams) stream.FirstTimestamp = stream.Timestamp;
    }

    public bool[] Active { get; } = [true, true, true];
    public int LargestPayload { get; init; } = 300;
    public int Frame { get; private set; }
    public void WantKey(int layer) => _streams[layer].KeyWanted = true;
    public uint Ssrc(int layer) => _streams[layer].Ssrc;

    public PublicationOptions Options(int peer) => new(Track, peer, Room: 1, MediaKind.Video, Codec.Vp8, PayloadType,
        [.. _streams.Select((_, i) => new LayerOptions(Rids[i]))])
    { Mid = "0", RtxPayloadType = RtxPayloadType };

    /// <summary>One frame of each active layer; temporal layers go 0 2 1 2. Each packet's payload ends with its layer and frame.</summary>
    public IEnumerable<byte[]> NextFrame(bool padding = false)
    {
        var temporal = (Frame % 4) switch { 0 => 0, 2 => 1, _ => 2 };
        for (var layer = 0; layer < _streams.Length; layer++)
        {
            var stream = _streams[layer];
            stream.Timestamp = unchecked(stream.FirstTimestamp + (uint)(Frame * 3000)); // 30 frames a second
            if (!Active[layer]) { stream.KeyWanted = true; continue; }
            var key = stream.KeyWanted;
            stream.KeyWanted = false;
            var tid = key ? 0 : temporal;
            if (tid == 0) stream.Tl0 = (stream.Tl0 + 1) & 0xFF;
            stream.Picture = (stream.Picture + 1) & 0x7FFF;
            var packets = _random.Next(1, 4 + layer);
            for (var i = 0; i < packets; i++)
            {
                var payload = Samples.Vp8(key, stream.Picture, stream.Tl0, tid, _random.Next(30, LargestPayload), start: i == 0);
                if (tid > 0) payload[5] |= 0x20; // every upper frame depends on the base alone
                payload[^1] = (byte)layer;
                BitConverter.TryWriteBytes(payload.AsSpan(payload.Length - 5), Frame);
                yield return Send(stream, layer, payload, i == packets - 1);
            }
            if (padding) yield return Pad(Send(stream, layer, [], marker: false));
        }
        Frame++;
    }

    private byte[] Send(Stream stream, int layer, byte[] payload, bool marker)
    {
        var packet = Samples.Rtp(stream.Sequence, stream.Timestamp, payload, Ids, Rids[layer], stream.Ssrc, PayloadType, marker,
            _transport++);
        _sent[(stream.Ssrc, stream.Sequence)] = packet;
        stream.Sequence++;
        return (byte[])packet.Clone();
    }

    private static byte[] Pad(byte[] packet)
    {
        Array.Resize(ref packet, packet.Length + 8);
        packet[0] |= 0x20;
        packet[^1] = 8;
        return packet;
    }

    /// <summary>The retransmissions a NACK asks for, as RFC 4588 wraps them.</summary>
    public IEnumerable<byte[]> Answer(byte[] rtcp)
    {
        var found = new List<byte[]>();
        var reader = new RtcpReader(rtcp);
        while (reader.Next())
        {
            if (reader.Type == RtcpTypes.PayloadFeedback && reader.Count == RtcpTypes.FormatPli)
                for (var i = 0; i < _streams.Length; i++)
                    if (_streams[i].Ssrc == System.Buffers.Binary.BinaryPrimitives.ReadUInt32BigEndian(reader.Body[4..])) WantKey(i);
            if (reader.Type != RtcpTypes.TransportFeedback || reader.Count != RtcpTypes.FormatNack) continue;
            var lost = new NackReader(reader.Body);
            while (lost.Next())
            {
                if (!_sent.TryGetValue((lost.MediaSsrc, lost.Current), out var packet) || !RtpHeader.TryParse(packet, out var header))
                    continue;
                byte[] payload = [(byte)(lost.Current >> 8), (byte)lost.Current, .. packet.AsSpan(header.HeaderLength)];
                var repairedIds = Ids with { Rid = Ids.RepairedRid };
                found.Add(Samples.Rtp(_rtx++, header.Timestamp, payload, repairedIds, Rids[lost.MediaSsrc - 100], lost.MediaSsrc + 1000,
                    RtxPayloadType, header.Marker, _transport++));
            }
        }
        return found;
    }
}

/// <summary>What a subscriber's decoder would be handed: packets by extended sequence number, retransmissions put back in place.</summary>
internal sealed class Viewer(SubscriptionOptions options)
{
    private Unwrapper _sequences = new(16);
    public SortedDictionary<long, (RtpHeader Header, Vp8Descriptor Vp8, int Layer, int Frame)> Packets { get; } = [];
    public long Duplicates { get; private set; }

    public void Receive(byte[] packet)
    {
        Assert.True(RtpHeader.TryParse(packet, out var header));
        var at = header.HeaderLength;
        var sequence = header.Sequence;
        if (header.Ssrc == options.RtxSsrc)
        {
            Assert.Equal(options.RtxPayloadType, header.PayloadType);
            sequence = System.Buffers.Binary.BinaryPrimitives.ReadUInt16BigEndian(packet.AsSpan(at));
            at += 2;
        }
        else
        {
            Assert.Equal(options.Ssrc, header.Ssrc);
            Assert.Equal(options.PayloadType, header.PayloadType);
        }
        Assert.True(Vp8Descriptor.TryParse(packet.AsSpan(at), out var vp8));
        var key = _sequences.Unwrap(sequence);
        if (Packets.TryGetValue(key, out var before))
        {
            Duplicates++;
            Assert.Equal((before.Vp8, before.Header.Timestamp, before.Frame),
                (vp8, header.Timestamp, BitConverter.ToInt32(packet, packet.Length - 5) & 0xFFFFFF));
        }
        // The camera writes its frame number, then overwrites the last octet by the layer.
        Packets[key] = (header, vp8, packet[^1], BitConverter.ToInt32(packet, packet.Length - 5) & 0xFFFFFF);
    }

    /// <summary>Every number goes on over switches, drops and wraps, and the layer changes on key frames alone.</summary>
    public void RequireContinuity(bool withoutLoss)
    {
        (long Sequence, RtpHeader Header, Vp8Descriptor Vp8, int Layer, int Frame)? last = null;
        foreach (var (sequence, (header, vp8, layer, frame)) in Packets)
        {
            if (last is { } before)
            {
                if (withoutLoss) Assert.Equal(before.Sequence + 1, sequence);
                var newPicture = vp8.StartOfFrame;
                if (withoutLoss) Assert.Equal(newPicture ? 1 : 0, Unwrapper.Distance(vp8.PictureId, before.Vp8.PictureId, 15));
                var step = unchecked((int)(header.Timestamp - before.Header.Timestamp));
                Assert.True(newPicture ? step > 0 : step == 0, $"timestamp moves by {step} at {sequence}");
                if (newPicture) Assert.InRange(step, 1, 90_000 * 30);
                Assert.InRange(Unwrapper.Distance(vp8.Tl0PictureIndex, before.Vp8.Tl0PictureIndex, 8), 0, withoutLoss ? 1 : 100);
                if (layer != before.Layer)
                    Assert.True(vp8.KeyFrame && vp8.StartOfFrame, $"moved from layer {before.Layer} to {layer} without a key frame");
                Assert.True(frame >= before.Frame);
            }
            else Assert.True(vp8.KeyFrame);
            last = (sequence, header, vp8, layer, frame);
        }
    }
}
