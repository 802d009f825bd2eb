using System.Text;
using VideoScale.Harness;
using VideoScale.MediaNode.Codecs;
using VideoScale.MediaNode.Ice;
using VideoScale.MediaNode.Rtcp;
using VideoScale.MediaNode.Rtp;

namespace VideoScale.MediaNode.Tests.Fuzzing;

public class ParserFuzzTests
{
    [Fact]
    public void Stun_of_any_shape_is_read_or_refused()
    {
        var agent = new IceLiteAgent(new("ours", "a password of enough letters"), new("theirs", "unused"));
        var answer = new byte[256];
        Fuzz.Run([Samples.Check(agent, useCandidate: true), Samples.Check(agent, useCandidate: false)], input =>
        {
            if (StunMessage.TryParse(input, out var message))
                agent.Handle(message, TransportAddress.V4(0x7F000001, 9), 1, answer, out _);
        });
    }

    [Fact]
    public void Rtp_of_any_shape_is_read_or_refused()
    {
        var ids = new ExtensionIds { Mid = 1, Rid = 2, RepairedRid = 3, TransportSequence = 4, AudioLevel = 5 };
        Fuzz.Run([Samples.Rtp(7, 9, [1, 2, 3], ids, "f"), Samples.Rtp(65535, 1, new byte[900], ids, "hh")], input =>
        {
            if (!RtpHeader.TryParse(input, out var header)) return;
            Assert.Equal(input.Length, header.HeaderLength + header.PayloadLength + header.PaddingLength);
            Assert.Equal(header.HeaderLength, RtpHeader.LengthOf(input));
            PacketExtensions.Read(input, header, ids);
            var payload = input.AsSpan(header.HeaderLength, header.PayloadLength);
            foreach (var codec in Enum.GetValues<Codec>())
                if (FrameInfo.TryRead(codec, payload, out var frame) && frame.HasVp8) frame.Vp8.Rewrite(payload, 77, 5);
        });
    }

    [Fact]
    public void Video_payloads_of_any_shape_are_read_or_refused() => Fuzz.Run(
        [Samples.Vp8(key: true, 100, 3, 0, 300), Samples.Vp8(key: false, 32767, 255, 2, 20), Samples.H264KeyFrame, [0x7C, 0x85, 1, 2, 3]],
            input =>
        {
            foreach (var codec in Enum.GetValues<Codec>())
                if (FrameInfo.TryRead(codec, input, out var frame) && frame.HasVp8) frame.Vp8.Rewrite(input, 1, 1);
        });

    [Fact]
    public void Rtcp_of_any_shape_is_read_or_refused() => Fuzz.Run([Samples.Compound(), Samples.TransportFeedback()], input =>
    {
        var reader = new RtcpReader(input);
        while (reader.Next())
        {
            _ = SenderInfo.TryParse(reader.Body, out _, out _);
            var blocks = new ReportBlockReader(reader.Type, reader.Count, reader.Body);
            while (blocks.Next()) { }
            var lost = new NackReader(reader.Body);
            while (lost.Next()) { }
            _ = Remb.TryParse(reader.Body, out _);
            if (!TransportFeedbackReader.TryCreate(reader.Body, out var feedback)) continue;
            var statuses = 0;
            while (feedback.Next()) statuses++;
            Assert.True(statuses <= feedback.Count);
        }
    });
}

/// <summary>Well-formed messages to start from.</summary>
internal static class Samples
{
    /// <summary>SPS (640×360, baseline), PPS and the first octets of an IDR slice in one aggregate.</summary>
    public static readonly byte[] H264KeyFrame = Convert.FromHexString("78" + "000A" + "6742C01EDA0280BFE540" + "0004" + "68CE3C80" + "0005"
        + "6588840021");

    public static byte[] Check(IceLiteAgent agent, bool useCandidate, bool controlled = false, string? password = null,
        string? username = null)
    {
        var datagram = new byte[300];
        var writer = new StunWriter(datagram, StunMessage.BindingRequest, Encoding.ASCII.GetBytes("transaction!"));
        writer.Username(Encoding.UTF8.GetBytes(username ?? $"{agent.Local.UsernameFragment}:{agent.Remote.UsernameFragment}"));
        if (controlled) writer.Controlled(42);
        else writer.Controlling(42);
        if (useCandidate) writer.UseCandidate();
        writer.Priority(1845501695);
        return datagram[..writer.Finish(Encoding.UTF8.GetBytes(password ?? agent.Local.Password))];
    }

    public static byte[] Rtp(ushort sequence, uint timestamp, byte[] payload, ExtensionIds? ids = null, string rid = "", uint ssrc = 1234,
        byte payloadType = 96, bool marker = false, int transportSequence = 0, int audioLevel = -1)
    {
        var packet = new byte[1500];
        RtpHeader.WriteFixed(packet, marker, payloadType, sequence, timestamp, ssrc);
        var at = RtpHeader.FixedLength;
        if (ids is not null)
        {
            var extensions = new ExtensionWriter(packet);
            extensions.Add(ids.TransportSequence, (ushort)transportSequence);
            if (rid.Length > 0) extensions.Add(ids.Rid, Encoding.ASCII.GetBytes(rid));
            if (audioLevel >= 0) extensions.Add(ids.AudioLevel, [(byte)audioLevel]);
            at = extensions.Finish();
        }
        payload.CopyTo(packet, at);
        return packet[..(at + payload.Length)];
    }

    public static byte[] Vp8(bool key, int pictureId, int tl0, int temporalId, int size, bool start = true)
    {
        var payload = new byte[Math.Max(size, 20)];
        payload[0] = (byte)(0x80 | (start ? 0x10 : 0));
        payload[1] = 0xE0;
        payload[2] = (byte)(0x80 | (pictureId >> 8));
        payload[3] = (byte)pictureId;
        payload[4] = (byte)tl0;
        payload[5] = (byte)(temporalId << 6);
        payload[6] = (byte)(key ? 0x10 : 0x11);
        if (key && start) new byte[] { 0x9D, 0x01, 0x2A, 0x80, 0x02, 0x68, 0x01 }.CopyTo(payload, 9); // 640×360
        return payload;
    }

    public static byte[] Compound()
    {
        var datagram = new byte[600];
        var writer = new RtcpWriter(datagram);
        writer.SenderReport(5, new SenderInfo { NtpTime = 1UL << 40, RtpTime = 900, PacketCount = 4, OctetCount = 400 });
        writer.ReceiverReport(5,
            [new ReportBlock { Ssrc = 6, FractionLost = 3, CumulativeLost = -5, HighestSequence = 77 }, new ReportBlock { Ssrc = 8 }]);
        writer.CanonicalName(5, "name"u8);
        writer.Pli(5, 6);
        writer.Nack(5, 6, [65530, 65535, 3, 400]);
        return datagram[..writer.Length];
    }

    public static byte[] TransportFeedback()
    {
        var recorder = new Bandwidth.TransportFeedbackRecorder();
        for (ushort i = 0; i < 40; i++) if (i % 5 != 3) recorder.Record(i, 1_000_000 + i * 3000);
        var datagram = new byte[600];
        var writer = new RtcpWriter(datagram);
        recorder.Write(ref writer, 1, 2);
        return datagram[..writer.Length];
    }
}
