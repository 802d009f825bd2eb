using VideoScale.MediaNode.Bandwidth;
using VideoScale.MediaNode.Forwarding;
using VideoScale.MediaNode.Rtcp;
using VideoScale.MediaNode.Rtp;

namespace VideoScale.MediaNode.Tests.Forwarding;

/// <summary>
/// What was not sent counts nowhere as sent: in no statistics or reports, not among what can be sent again, not for the estimator.
/// </summary>
public sealed class NotSentTests
{
    private const int Peer = 2, SubscriptionNumber = 20;
    private const uint Ssrc = 7000, RtxSsrc = 7001;

    private readonly RecordingSink _sink = new();
    private readonly Camera _camera = new(new Random(3), layers: 1);
    private readonly Estimator _estimator = new();
    private readonly ForwardingEngine _engine;
    private long _nowUs = 1_000_000;

    public NotSentTests()
    {
        _engine = new ForwardingEngine(_sink, estimators: () => _estimator);
        Assert.Null(_engine.AddPeer(new PeerOptions(1, Camera.Ids)));
        Assert.Null(_engine.Publish(_camera.Options(1)));
    }

    private sealed class Estimator : IBandwidthEstimator
    {
        public long SentOctets { get; private set; }
        public List<int> Sequences { get; } = [];
        public long EstimateBps => 4_000_000;
        public void OnSent(int transportSequence, int octets, long nowUs)
        {
            SentOctets += octets;
            Sequences.Add(transportSequence);
        }
        public void OnNotSent(int octets) => SentOctets -= octets;
        public void OnTransportFeedback(TransportFeedbackReader feedback, long nowUs) { }
        public void OnLoss(double lossFraction, long nowUs) { }
        public void OnReceiverEstimate(long bitsPerSecond, long nowUs) { }
    }

    private Subscription Subscribe(bool isReachable = true, int track = Camera.Track)
    {
        Assert.Null(_engine.AddPeer(new PeerOptions(Peer, Camera.Ids) { IsReachable = isReachable }));
        var options = new SubscriptionOptions(SubscriptionNumber, Peer, track, Ssrc, 102) { RtxSsrc = RtxSsrc, RtxPayloadType = 103 };
        Assert.Null(_engine.Subscribe(options, _nowUs));
        return _engine.FindSubscription(SubscriptionNumber)!;
    }

    /// <returns>Packets that the camera sent.</returns>
    private int Frames(int count)
    {
        var packets = 0;
        for (var i = 0; i < count; i++)
        {
            foreach (var packet in _camera.NextFrame())
            {
                _engine.HandleRtp(1, packet, _nowUs);
                packets++;
            }
            _nowUs += 33_333;
        }
        return packets;
    }

    private static long PayloadOctets(IEnumerable<byte[]> packets) =>
        packets.Sum(packet => RtpHeader.TryParse(packet, out var header) ? header.PayloadLength : 0);

    private int KeyframesAsked() =>
        _sink.TakeRtcp(1)
            .Count(datagram => new RtcpReader(datagram) is var reader && reader.Next() && reader.Type == RtcpTypes.PayloadFeedback);

    private static SenderInfo ReportOf(byte[] datagram)
    {
        var reader = new RtcpReader(datagram);
        return reader.Next() && SenderInfo.TryParse(reader.Body, out _, out var info) ? info : default;
    }

    [Fact]
    public void What_the_transport_refuses_is_not_counted_not_reported_not_sent_again_and_no_number_of_it_is_missed()
    {
        var subscription = Subscribe();
        Frames(10);
        _sink.Refuses = true;
        var refused = Frames(5);
        _sink.Refuses = false;
        Frames(10);
        var sent = _sink.TakeRtp(Peer);

        Assert.Equal((sent.Count, PayloadOctets(sent), refused), (subscription.Packets, subscription.Octets, subscription.NotSent));
        Assert.Equal(refused, subscription.Statistics().NotSent);
        Assert.Equal((refused, 0, 0), (_engine.Drops.Refused, _engine.Drops.NoRoom, _engine.Drops.Unreachable));
        Assert.Equal(sent.Sum(packet => packet.Length), _estimator.SentOctets);
        Assert.Equal(Enumerable.Range(_estimator.Sequences[0], sent.Count), _estimator.Sequences);

        // Its report, once the publisher's clock is known.
        var report = new byte[100];
        var writer = new RtcpWriter(report);
        Assert.True(writer.SenderReport(_camera.Ssrc(0), new SenderInfo { NtpTime = 1UL << 40, RtpTime = 1 }));
        _engine.HandleRtcp(1, report.AsSpan(0, writer.Length), _nowUs);
        _engine.Tick(_nowUs += 2_000_000);
        var told = _sink.TakeRtcp(Peer).Select(ReportOf).Single(info => info.PacketCount > 0);
        Assert.Equal(((uint)sent.Count, (uint)PayloadOctets(sent)), (told.PacketCount, told.OctetCount));

        // Its receiver asks for the hole, and for one that was sent.
        var numbers = sent.Select(packet => RtpHeader.TryParse(packet, out var header) ? header.Sequence : (ushort)0).ToList();
        var hole = Enumerable.Range(numbers[0], sent.Count + refused).Select(number => (ushort)number).Except(numbers).First();
        Ask(hole);
        Assert.Empty(_sink.TakeRtp(Peer));
        Ask(numbers[^1]);
        Assert.Single(_sink.TakeRtp(Peer));
        Assert.Equal(1, subscription.Retransmissions);
    }

    [Fact]
    public void A_packet_that_found_no_room_in_the_kernel_is_taken_back_and_can_be_sent_again()
    {
        var subscription = Subscribe();
        Frames(10);
        var sent = _sink.TakeRtp(Peer);
        const int Overhead = 16;
        var lost = sent[^1];
        _engine.TakeBack(Peer, [.. lost, .. new byte[Overhead]], Overhead);
        var kept = sent.SkipLast(1).ToList();
        Assert.Equal((kept.Count, PayloadOctets(kept), 1), (subscription.Packets, subscription.Octets, subscription.NotSent));
        Assert.Equal(kept.Sum(packet => packet.Length), _estimator.SentOctets);
        Assert.Equal(1, _engine.Drops.NoRoom);

        Assert.True(RtpHeader.TryParse(lost, out var header));
        Ask(header.Sequence);
        var again = Assert.Single(_sink.TakeRtp(Peer));
        Assert.Equal(1, subscription.Retransmissions);
        _engine.TakeBack(Peer, [.. again, .. new byte[Overhead]], Overhead); // no luck this time either
        Assert.Equal((0, sent.Count - 1, 2), (subscription.Retransmissions, subscription.Packets, subscription.NotSent));
        _engine.TakeBack(Peer, new byte[3], Overhead); // what is nobody's harms nothing
        _engine.TakeBack(99, [.. again, .. new byte[Overhead]], Overhead);
    }

    [Fact]
    public void Who_cannot_be_reached_yet_costs_nothing_and_begins_with_a_key_frame_that_is_asked_for_when_it_can()
    {
        var subscription = Subscribe(isReachable: false);
        var missed = Frames(60);
        for (var i = 0; i < 300; i++) _engine.Tick(_nowUs += 10_000);
        Assert.Empty(_sink.TakeRtp(Peer));
        Assert.Equal(0, KeyframesAsked());
        Assert.Equal((0, 0, missed, -1), (subscription.Packets, _estimator.SentOctets, subscription.NotSent, subscription.CurrentLayer));
        Assert.Equal(missed, _engine.Drops.Unreachable);

        _engine.SetReachable(Peer, true, _nowUs);
        Assert.Equal(1, KeyframesAsked());
        _camera.WantKey(0);
        Frames(3);
        Assert.True(_sink.TakeRtp(Peer).Count == subscription.Packets && subscription.Packets > 0);

        var viewer = new Viewer(subscription.Options);
        Frames(10);
        foreach (var packet in _sink.TakeRtp(Peer)) viewer.Receive(packet);
        _engine.SetReachable(Peer, false, _nowUs); // its way is gone, and comes back
        Frames(30);
        Assert.Empty(_sink.TakeRtp(Peer));
        _engine.SetReachable(Peer, true, _nowUs);
        Assert.Equal(1, KeyframesAsked());
        _camera.WantKey(0);
        Frames(10);
        var back = _sink.TakeRtp(Peer);
        foreach (var packet in back) viewer.Receive(packet);
        Assert.NotEmpty(back);
        Assert.Contains(viewer.Packets.Values, packet => packet.Vp8.KeyFrame);
        var sequences = viewer.Packets.Keys.ToList();
        Assert.Equal(sequences.Count - 1, sequences[^1] - sequences[0]); // no hole that it would ask for
        _engine.SetReachable(99, true, _nowUs); // one that has gone
    }

    [Fact]
    public void Of_layers_only_the_one_that_it_would_get_counts_as_missed()
    {
        var camera = new Camera(new Random(4));
        Assert.True(_engine.Unpublish(Camera.Track));
        Assert.Null(_engine.Publish(camera.Options(1)));
        var subscription = Subscribe(isReachable: false);
        Assert.Null(_engine.Configure(SubscriptionNumber, SubscriptionSettings.Everything with { MaxLayer = 1 }, _nowUs));
        var middle = 0;
        for (var i = 0; i < 20; i++)
            foreach (var packet in camera.NextFrame())
            {
                if (packet[^1] == 1) middle++;
                _engine.HandleRtp(1, packet, _nowUs += 1000);
            }
        Assert.Equal(middle, subscription.NotSent);
    }

    [Fact]
    public void A_publisher_that_cannot_be_reached_is_asked_for_what_is_wanted_once_it_can()
    {
        Subscribe();
        Frames(1);
        _camera.WantKey(0);
        var pli = new byte[12];
        var writer = new RtcpWriter(pli);
        writer.Pli(5, Ssrc);
        _engine.Tick(_nowUs += 1_000_000);
        KeyframesAsked();
        _engine.SetReachable(1, false, _nowUs);
        _engine.HandleRtcp(Peer, pli, _nowUs);
        var asked = _engine.FindPublication(Camera.Track)!.Layers[0].KeyframesAsked;
        for (var i = 0; i < 100; i++) _engine.Tick(_nowUs += 10_000);
        Assert.Empty(_sink.TakeRtcp(1));
        Assert.Equal(asked, _engine.FindPublication(Camera.Track)!.Layers[0].KeyframesAsked);
        _engine.SetReachable(1, true, _nowUs);
        _engine.Tick(_nowUs += 10_000);
        Assert.Equal(1, KeyframesAsked());
    }

    private void Ask(ushort sequence)
    {
        var nack = new byte[100];
        var writer = new RtcpWriter(nack);
        Assert.True(writer.Nack(1, Ssrc, [sequence]));
        _engine.HandleRtcp(Peer, nack.AsSpan(0, writer.Length), _nowUs);
    }
}
