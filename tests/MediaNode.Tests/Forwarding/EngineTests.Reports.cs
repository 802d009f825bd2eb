using VideoScale.Harness;
using VideoScale.MediaNode.Codecs;
using VideoScale.MediaNode.Forwarding;
using VideoScale.MediaNode.Rtcp;
using VideoScale.MediaNode.Rtp;
using VideoScale.MediaNode.Tests.Fuzzing;
using VideoScale.Model;

namespace VideoScale.MediaNode.Tests.Forwarding;

public partial class EngineTests
{
    [Fact]
    public void Sender_reports_go_on_in_the_subscribers_numbers_and_give_the_round_trip()
    {
        var camera = new Camera(new Random(5), layers: 1);
        var engine = Engine(camera);
        var sentBefore = camera.NextFrame().ToList();
        foreach (var packet in sentBefore) engine.HandleRtp(1, packet, 100_000);
        _sink.TakeRtp(2);
        engine.SetMuted(Camera.Track, true); // a pause, so that the subscriber's clock no longer is the publisher's
        engine.SetMuted(Camera.Track, false);
        engine.Tick(200_000);
        _sink.TakeRtcp(2);
        camera.WantKey(0);
        var frame = camera.NextFrame().ToList();
        foreach (var packet in frame) engine.HandleRtp(1, packet, 1_000_000);
        Assert.True(RtpHeader.TryParse(frame[0], out var first));
        Assert.True(RtpHeader.TryParse(_sink.TakeRtp(2)[0], out var forwarded));
        Span<byte> datagram = stackalloc byte[100];
        var writer = new RtcpWriter(datagram);
        const ulong ntp = 0xE000_0000_4000_0000;
        writer.SenderReport(camera.Ssrc(0), new SenderInfo { NtpTime = ntp, RtpTime = first.Timestamp });
        engine.HandleRtcp(1, datagram[..writer.Length], 1_000_000);
        engine.Tick(1_500_000);
        var report = Read(_sink.TakeRtcp(2)).First(rtcp => rtcp.Type == RtcpTypes.SenderReport);
        Assert.True(SenderInfo.TryParse(report.Body, out var ssrc, out var info));
        Assert.Equal(7000u, ssrc);
        Assert.NotEqual(first.Timestamp, forwarded.Timestamp);
        Assert.Equal(forwarded.Timestamp + 45_000, info.RtpTime); // half a second later in both clocks
        Assert.InRange(info.NtpTime - ntp, 0x7FFF_FF00UL, 0x8000_0000UL);
        Assert.Equal((uint)(sentBefore.Count + frame.Count), info.PacketCount);

        writer = new RtcpWriter(datagram);
        writer.ReceiverReport(9, [new ReportBlock { Ssrc = 7000, FractionLost = 64, CumulativeLost = 3,
            LastSenderReport = (uint)(info.NtpTime >> 16), DelaySinceLastSenderReport = 65_536 / 10, HighestSequence = 10 }]);
        engine.HandleRtcp(2, datagram[..writer.Length], 1_680_000);
        var statistics = engine.FindSubscription(20)!.Statistics();
        Assert.InRange(statistics.RoundTripMs, 79.9, 80.1);
        Assert.Equal(0.25, statistics.FractionLost);
    }

    [Fact]
    public void Publishers_hear_of_every_packet_and_of_their_loss()
    {
        var camera = new Camera(new Random(5), layers: 1);
        var engine = Engine(camera);
        long now = 1_000_000;
        var told = 0;
        var lost = 0;
        byte fraction = 0;
        for (var frame = 0; frame < 200; frame++, now += FrameUs)
        {
            foreach (var packet in camera.NextFrame())
            {
                if (frame > 0 && lost * 4 < told) { lost++; continue; }
                engine.HandleRtp(1, packet, now);
            }
            for (var tick = 0; tick < 3; tick++) engine.Tick(now + tick * 10_000);
            foreach (var (type, count, body) in Read(_sink.TakeRtcp(1)))
            {
                if (type == RtcpTypes.ReceiverReport) fraction = ReportBlock.Read(body.AsSpan(4)).FractionLost;
                if (type != RtcpTypes.TransportFeedback || count != RtcpTypes.FormatTransportWide) continue;
                Assert.True(TransportFeedbackReader.TryCreate(body, out var feedback));
                while (feedback.Next()) if (feedback.Received) told++;
            }
        }
        Assert.InRange(engine.PacketsReceived - told, 0, 10); // the last ones are not told yet
        Assert.InRange(fraction, 256 / 8, 256 / 3);
        Assert.True(engine.FindPublication(Camera.Track)!.Layers[0].Statistics().Lost > 0);
    }

    [Fact]
    public void Loss_brings_a_subscriber_down_and_its_end_lets_it_rise()
    {
        var camera = new Camera(new Random(5)) { LargestPayload = 1100 };
        var engine = Engine(camera);
        long now = 1_000_000;
        uint highest = 70_000;
        void Run(int seconds, byte fractionLost)
        {
            for (var frame = 0; frame < 30 * seconds; frame++, now += FrameUs)
            {
                foreach (var packet in camera.NextFrame()) engine.HandleRtp(1, packet, now);
                engine.Tick(now);
                foreach (var rtcp in _sink.TakeRtcp(1)) camera.Answer(rtcp);
                if (frame % 30 != 0) continue;
                var datagram = new byte[100];
                var writer = new RtcpWriter(datagram);
                writer.ReceiverReport(9, [new ReportBlock { Ssrc = 7000, FractionLost = fractionLost, HighestSequence = highest += 60 }]);
                engine.HandleRtcp(2, datagram.AsSpan(0, writer.Length), now);
            }
        }
        Run(5, 0);
        Assert.Equal(2, engine.FindSubscription(20)!.CurrentLayer);
        Run(40, 100);
        Assert.Equal(0, engine.FindSubscription(20)!.CurrentLayer);
        Run(40, 0);
        Assert.Equal(2, engine.FindSubscription(20)!.CurrentLayer);
    }
}
