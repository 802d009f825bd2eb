using VideoScale.Harness;
using VideoScale.MediaNode.Bandwidth;
using VideoScale.MediaNode.Rtcp;

namespace VideoScale.MediaNode.Tests.Rtcp;

public class RtcpTests
{
    [Fact]
    public void Report_blocks_read_back() => Seeds.Run(300, random =>
    {
        var block = new ReportBlock
        {
            Ssrc = (uint)random.NextInt64(1L << 32),
            FractionLost = (byte)random.Next(256),
            CumulativeLost = random.Next(-0x800000, 0x800000),
            HighestSequence = (uint)random.NextInt64(1L << 32),
            Jitter = 7,
            LastSenderReport = 8,
            DelaySinceLastSenderReport = 9,
        };
        Span<byte> datagram = stackalloc byte[200];
        var writer = new RtcpWriter(datagram);
        Assert.True(writer.ReceiverReport(11, [block]));
        var reader = new RtcpReader(datagram[..writer.Length]);
        Assert.True(reader.Next());
        var blocks = new ReportBlockReader(reader.Type, reader.Count, reader.Body);
        Assert.True(blocks.Next());
        Assert.Equal(block, blocks.Current);
        Assert.False(blocks.Next());
        Assert.False(reader.Next());
    });

    [Fact]
    public void Nacks_name_exactly_what_was_asked_over_the_wrap() => Seeds.Run(500, random =>
    {
        var at = (ushort)random.Next(65000, 65536);
        var asked = new List<ushort>();
        for (var i = random.Next(1, 60); i > 0; i--) asked.Add(at = (ushort)(at + random.Next(1, 40)));
        Span<byte> datagram = stackalloc byte[600];
        var writer = new RtcpWriter(datagram);
        Assert.True(writer.Nack(1, 2, asked.ToArray()));
        var reader = new RtcpReader(datagram[..writer.Length]);
        Assert.True(reader.Next());
        var lost = new NackReader(reader.Body);
        Assert.Equal(2u, lost.MediaSsrc);
        var read = new List<ushort>();
        while (lost.Next()) read.Add(lost.Current);
        Assert.Equal(asked, read);
    });

    [Fact]
    public void A_packet_that_does_not_fit_is_not_written()
    {
        Span<byte> datagram = stackalloc byte[20];
        var writer = new RtcpWriter(datagram);
        Assert.True(writer.Pli(1, 2));
        Assert.False(writer.Pli(1, 2));
        Assert.Equal(12, writer.Length);
    }

    [Fact]
    public void Transport_feedback_says_when_each_packet_came_and_which_did_not() => Seeds.Run(200, random =>
    {
        var recorder = new TransportFeedbackRecorder();
        long now = random.NextInt64(1, 1L << 45);
        long sequence = random.Next(64000, 66000);
        var sent = new Dictionary<ushort, long>();
        ushort? lastSent = null;
        var told = new Dictionary<ushort, long>();
        for (var round = 0; round < 12; round++)
        {
            for (var i = random.Next(1, 120); i > 0; i--)
            {
                sequence++;
                now += random.Next(0, random.Next(20) == 0 ? 9_000_000 : 4000);
                if (random.Next(4) == 0) continue;
                lastSent = (ushort)sequence;
                recorder.Record(lastSent.Value, now);
                sent[lastSent.Value] = now;
            }
            var datagram = new byte[1200];
            while (recorder.HasNews)
            {
                var writer = new RtcpWriter(datagram);
                if (!recorder.Write(ref writer, 1, 2)) break;
                var reader = new RtcpReader(datagram.AsSpan(0, writer.Length));
                Assert.True(reader.Next());
                Assert.True(TransportFeedbackReader.TryCreate(reader.Body, out var feedback));
                while (feedback.Next()) if (feedback.Received) told[feedback.Sequence] = feedback.ArrivalUs;
            }
        }
        Assert.Equal(sent.Keys.Order(), told.Keys.Order());
        // 24 bits of 64 ms wrap after 12 days; times are compared within that range, to a tick of 250 µs.
        const long wrapUs = (1L << 24) * TransportFeedbackReader.ReferenceUs;
        foreach (var (key, us) in sent) Assert.InRange(((us - told[key]) % wrapUs + wrapUs) % wrapUs, 0, 249);
    });
}
