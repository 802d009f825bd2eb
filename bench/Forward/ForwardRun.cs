using System.Buffers.Binary;
using System.Net;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using VideoScale.MediaNode.Codecs;
using VideoScale.MediaNode.Forwarding;
using VideoScale.MediaNode.Host.Srtp;
using VideoScale.MediaNode.Host.Udp;
using VideoScale.MediaNode.Ice;
using VideoScale.MediaNode.Rtp;

namespace VideoScale.Bench.Forward;

/// <summary>
/// One run: VP8 frames in plaintext into the engine, sealed datagrams out of the socket, measured in CPU time of this thread.
/// </summary>
internal sealed class ForwardRun : IPacketSink
{
    private const byte PayloadType = 96;
    private const int Publisher = 0;
    private const int Track = 1;

    private readonly ForwardBenchOptions _options;
    private readonly Way _way;
    private readonly IDatagramSocket _socket;
    private readonly SrtpSender[] _senders;
    private readonly Destination[] _destinations;
    private readonly ForwardingEngine _engine;
    private readonly byte[][] _frame;
    private int _peer;
    private long _sealed;
    private long _nowUs = 1_000_000;
    private ushort _sequence;
    private ushort _picture;
    private uint _timestamp;

    public ForwardRun(ForwardBenchOptions options, Way way, IReadOnlyList<IPEndPoint> destinations)
    {
        _options = options;
        _way = way;
        var local = new IPEndPoint(options.Remote is null ? IPAddress.Loopback : IPAddress.Any, 0);
        _socket = DatagramSockets.Bind(local, segmentation: way.Sending is Sending.Segmented, managed: way.Sending is Sending.Managed);
        _engine = new ForwardingEngine(this);
        _senders = new SrtpSender[options.Subscribers + 1];
        _destinations = new Destination[options.Subscribers + 1];
        var ids = new ExtensionIds { TransportSequence = 3 };
        _engine.AddPeer(new PeerOptions(Publisher, ids));
        _engine.Publish(
            new PublicationOptions(Track, Publisher, Room: 1, MediaKind.Video, Codec.Vp8, PayloadType, [new LayerOptions(Ssrc: 5)]));
        for (var i = 0; i <= options.Subscribers; i++)
        {
            var keys = new SrtpKeys(way.Profile, RandomNumberGenerator.GetBytes(SrtpProfiles.KeyLength),
                RandomNumberGenerator.GetBytes(SrtpProfiles.SaltLength(way.Profile)));
            _senders[i] = new SrtpSender(SrtpCipher.Create(keys, way.Aead));
            var to = destinations[i % destinations.Count];
            _destinations[i] = new Destination(_socket.Family, TransportAddress.From(to.Address.GetAddressBytes(), (ushort)to.Port));
            if (i == Publisher) continue;
            _engine.AddPeer(new PeerOptions(i, ids));
            _engine.Subscribe(
                new SubscriptionOptions(i, i, Track, (uint)(1000 + i), 102) { RtxSsrc = (uint)(5000 + i), RtxPayloadType = 103 }, _nowUs);
        }
        _frame = [.. Enumerable.Range(0, options.Burst).Select(_ => new byte[options.PacketOctets])];
    }

    public WayResult Measure(Drain? drain)
    {
        for (var i = 0; i < 200; i++) Forward();
        Thread.Sleep(20);
        var received = drain?.Received ?? 0;
        var packets = _sealed;
        var dropped = _socket.Statistics.Dropped;
        var allocated = GC.GetAllocatedBytesForCurrentThread();
        var start = ThreadCpuSeconds();
        double spent;
        do
        {
            for (var i = 0; i < 20; i++) Forward();
            spent = ThreadCpuSeconds() - start;
        }
        while (spent < _options.CpuSeconds);
        allocated = GC.GetAllocatedBytesForCurrentThread() - allocated;
        packets = _sealed - packets;
        dropped = _socket.Statistics.Dropped - dropped;
        Thread.Sleep(100); // the receiver empties its buffers
        double? delivered = drain is null || _way.Sending is Sending.None ? null : (drain.Received - received) / (double)packets;
        _socket.Dispose();
        foreach (var sender in _senders) sender.Dispose();
        return new WayResult(_way.Cipher, _way.Sending.ToString(), packets / spent, spent * 1e9 / packets, (double)allocated / packets,
            delivered, dropped / (double)packets);
    }

    private void Forward()
    {
        _picture = (ushort)((_picture + 1) & 0x7FFF);
        _timestamp += 3000;
        _nowUs += 33_333;
        for (var i = 0; i < _frame.Length; i++)
        {
            var packet = _frame[i];
            RtpHeader.WriteFixed(packet, i == _frame.Length - 1, PayloadType, _sequence++, _timestamp, 5);
            packet[12] = (byte)(i == 0 ? 0x90 : 0x80);
            packet[13] = 0x80;
            BinaryPrimitives.WriteUInt16BigEndian(packet.AsSpan(14), (ushort)(0x8000 | _picture));
            packet[16] = (byte)(_picture == 1 ? 0 : 1); // the first frame is a key frame
            _engine.HandleRtp(Publisher, packet, _nowUs);
        }
        if (_way.Sending is Sending.None) return;
        _socket.Flush();
    }

    public Span<byte> Reserve(int peer)
    {
        _peer = peer;
        if (_socket.Outgoing.IsFull) _socket.Flush();
        return _socket.Outgoing.NextSlot;
    }

    public bool CommitRtp(int peer, int length, PacketKind kind)
    {
        var sealedLength = _senders[_peer].ProtectRtp(_socket.Outgoing.NextSlot, length);
        if (sealedLength < 0) throw new InvalidOperationException("a number was used twice");
        _sealed++;
        if (_way.Sending is not Sending.None) _socket.Outgoing.Add(_destinations[_peer], sealedLength);
        return true;
    }

    public bool CommitRtcp(int peer, int length) => true;

    private static double ThreadCpuSeconds()
    {
        const int threadCpuTime = 3; // CLOCK_THREAD_CPUTIME_ID
        _ = clock_gettime(threadCpuTime, out var time);
        return time.Seconds + time.Nanoseconds * 1e-9;
    }

    [StructLayout(LayoutKind.Sequential)]
    private struct TimeSpec
    {
        public long Seconds;
        public long Nanoseconds;
    }

    [DllImport("libc")]
    private static extern int clock_gettime(int clock, out TimeSpec time);
}
