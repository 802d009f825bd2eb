using System.Buffers.Binary;
using VideoScale.Harness;
using VideoScale.MediaNode.Host.Srtp;
using VideoScale.MediaNode.Tests.Fuzzing;

namespace VideoScale.MediaNode.Tests.Srtp;

public class SrtpSessionTests
{
    public static TheoryData<SrtpProfile> Profiles => [SrtpProfile.Aes128Gcm, SrtpProfile.Aes128CmSha1Tag80];

    private static (SrtpSender Sender, SrtpReceiver Receiver) Pair(SrtpProfile profile, Random random)
    {
        var exported = new byte[SrtpProfiles.KeyingLength(profile)];
        random.NextBytes(exported);
        var (keys, _) = SrtpKeys.FromExporter(profile, exported);
        return (new(SrtpCipher.Create(keys)), new(SrtpCipher.Create(keys)));
    }

    private static byte[] Sealed(SrtpSender sender, ushort sequence, uint ssrc, byte[] payload)
    {
        var packet = Samples.Rtp(sequence, 1000, payload, ssrc: ssrc);
        var length = packet.Length;
        Array.Resize(ref packet, length + sender.RtpOverhead);
        Assert.Equal(packet.Length, sender.ProtectRtp(packet, length));
        return packet;
    }

    [Theory, MemberData(nameof(Profiles))]
    public void Packets_pass_over_rollovers_with_loss_and_disorder(SrtpProfile profile) => Seeds.Run(6, random =>
    {
        var (sender, receiver) = Pair(profile, random);
        long sequence = random.Next(60000, 65536);
        var waiting = new List<(long Sequence, byte[] Packet)>();
        for (var i = 0; i < 6000; i++)
        {
            if (i > 0) sequence += random.Next(30) == 0 ? random.Next(1, 3000) : 1;
            if (i > 0 && random.Next(10) == 0) continue; // lost
            var payload = BitConverter.GetBytes(sequence);
            waiting.Add((sequence, Sealed(sender, (ushort)sequence, 7, payload)));
            // Where a receiver joins is where its rollover counter starts (RFC 3711 §3.3.1), so the first packet comes first.
            if (i > 0 && waiting.Count < 20) continue;
            var pick = random.Next(waiting.Count);
            var (truth, packet) = waiting[pick];
            waiting.RemoveAt(pick);
            if (sequence - truth > 900) continue; // too late for the window
            var copy = (byte[])packet.Clone();
            var length = receiver.UnprotectRtp(packet);
            Assert.True(length > 0, $"{truth} refused");
            Assert.Equal(truth, BitConverter.ToInt64(packet, 12));
            Assert.Equal(-1, receiver.UnprotectRtp(copy)); // a replay
        }
        Assert.True(sequence > 3 * 65536, "three rollovers were met");
        Assert.Equal(0, receiver.Refused);
    });

    [Theory, MemberData(nameof(Profiles))]
    public void A_changed_packet_is_refused_and_changes_nothing(SrtpProfile profile) => Seeds.Run(300, random =>
    {
        var (sender, receiver) = Pair(profile, random);
        for (ushort sequence = 100; sequence < 110; sequence++)
        {
            var packet = Sealed(sender, sequence, 7, new byte[random.Next(1, 100)]);
            var forged = (byte[])packet.Clone();
            var bit = random.Next(8 * forged.Length);
            forged[bit / 8] ^= (byte)(1 << (bit % 8));
            Assert.Equal(-1, receiver.UnprotectRtp(forged));
            Assert.True(receiver.UnprotectRtp(packet) > 0);
        }
    });

    [Theory, MemberData(nameof(Profiles))]
    public void A_sequence_number_is_never_sealed_twice(SrtpProfile profile)
    {
        var (sender, _) = Pair(profile, new Random(1));
        Sealed(sender, 65535, 7, [1]);
        Sealed(sender, 3, 7, [1]);
        Sealed(sender, 1, 7, [1]); // late, but new
        foreach (var sequence in new ushort[] { 65535, 3, 1 })
        {
            var packet = Samples.Rtp(sequence, 1000, [2], ssrc: 7);
            Array.Resize(ref packet, packet.Length + sender.RtpOverhead);
            Assert.Equal(-1, sender.ProtectRtp(packet, packet.Length - sender.RtpOverhead));
        }
    }

    [Theory, MemberData(nameof(Profiles))]
    public void Rtcp_passes_once_and_only_unchanged(SrtpProfile profile) => Seeds.Run(100, random =>
    {
        var (sender, receiver) = Pair(profile, random);
        for (var i = 0; i < 5; i++)
        {
            var plain = Samples.Compound();
            var packet = new byte[plain.Length + sender.RtcpOverhead];
            plain.CopyTo(packet, 0);
            Assert.Equal(packet.Length, sender.ProtectRtcp(packet, plain.Length));
            Assert.NotEqual(plain[8..], packet[8..plain.Length]);
            var forged = (byte[])packet.Clone();
            forged[random.Next(forged.Length)] ^= 0x10;
            var replay = (byte[])packet.Clone();
            Assert.Equal(-1, receiver.UnprotectRtcp(forged));
            Assert.Equal(plain.Length, receiver.UnprotectRtcp(packet));
            Assert.Equal(plain, packet[..plain.Length]);
            Assert.Equal(-1, receiver.UnprotectRtcp(replay));
        }
    });

    [Theory, MemberData(nameof(Profiles))]
    public void Datagrams_of_any_shape_are_refused_without_harm(SrtpProfile profile)
    {
        var (sender, receiver) = Pair(profile, new Random(5));
        var rtcp = new byte[Samples.Compound().Length + sender.RtcpOverhead];
        Samples.Compound().CopyTo(rtcp, 0);
        sender.ProtectRtcp(rtcp, rtcp.Length - sender.RtcpOverhead);
        Fuzz.Run([Sealed(sender, 1, 7, new byte[50]), rtcp], input =>
        {
            var copy = (byte[])input.Clone();
            if (receiver.UnprotectRtp(input) < 0) receiver.UnprotectRtcp(copy);
        });
        Assert.True(receiver.UnprotectRtp(Sealed(sender, 2, 7, new byte[50])) > 0);
    }

    [Fact]
    public void Keys_of_client_and_server_are_told_apart()
    {
        var exported = new byte[SrtpProfiles.KeyingLength(SrtpProfile.Aes128Gcm)];
        for (var i = 0; i < exported.Length; i++) exported[i] = (byte)i;
        var (client, server) = SrtpKeys.FromExporter(SrtpProfile.Aes128Gcm, exported);
        Assert.Equal(new SrtpKeys(SrtpProfile.Aes128Gcm, exported.AsSpan(0, 16), exported.AsSpan(32, 12)).RtpKey, client.RtpKey);
        Assert.Equal(new SrtpKeys(SrtpProfile.Aes128Gcm, exported.AsSpan(16, 16), exported.AsSpan(44, 12)).RtcpSalt, server.RtcpSalt);
        Assert.Equal(0x10111213u, BinaryPrimitives.ReadUInt32BigEndian(exported.AsSpan(16)));
    }
}
