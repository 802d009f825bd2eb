using System.Buffers.Binary;
using VideoScale.Harness;
using VideoScale.MediaNode.Sctp;

namespace VideoScale.MediaNode.Tests.Sctp;

public sealed class SctpAssociationTests
{
    private const uint Binary = 53;

    private static SctpPair Connected(int seed = 1, double loss = 0, SctpOptions? options = null)
    {
        var pair = new SctpPair(new Random(seed), options) { Loss = loss };
        pair.Connect();
        return pair;
    }

    private static bool Send(SctpPair pair, int from, ushort stream, params byte[] payload) =>
        pair.Ends[from].Send(stream, Binary, payload, new Delivery(), pair.NowUs);

    [Fact]
    public void The_checksum_is_the_one_of_the_rfc()
    {
        var packet = new byte[12 + 20];
        packet[0] = 1;
        Crc32C.Write(packet);
        Assert.True(Crc32C.Matches(packet));
        packet[20] ^= 1;
        Assert.False(Crc32C.Matches(packet));
        // RFC 3720 B.4: 32 octets of zeros; ours take the four of the field as zeros too.
        Assert.Equal(0x8A9136AAu, Crc32C.OfPacket(new byte[32]));
    }

    [Fact]
    public void The_largest_message_passes_and_one_octet_more_is_not_taken()
    {
        var pair = Connected(loss: 0.02);
        var message = new byte[SctpOptions.MaxMessageOctets];
        new Random(3).NextBytes(message);
        Assert.True(Send(pair, 0, 5, message));
        Assert.False(Send(pair, 0, 5, [.. message, 1]));
        pair.Run(() => pair.Got[1].Count == 1, "it arrives");
        Assert.Equal(message, pair.Got[1][0].Payload);
    }

    [Fact]
    public void What_nobody_takes_out_stops_its_sender_and_is_bounded_on_both_sides()
    {
        var options = new SctpOptions();
        var pair = Connected(options: options);
        pair.Idles[1] = true;
        var sent = 0;
        while (Send(pair, 0, 1, new byte[1_000]) && sent < 100_000) sent++;
        pair.RunFor(20_000_000);
        Assert.InRange(pair.Ends[0].BufferedOctets, 1, options.SendBufferOctets);
        while (Send(pair, 0, 1, new byte[1_000]) && sent < 100_000) sent++;
        pair.RunFor(20_000_000);
        Assert.InRange((long)sent * 1_000, options.SendBufferOctets / 2,
            options.SendBufferOctets + options.ReceiveWindowOctets + 2 * SctpOptions.MaxMessageOctets);
        pair.Idles[1] = false;
        pair.Run(() => pair.Got[1].Count == sent, "once they are taken all of them arrive");
    }

    [Fact]
    public void A_message_without_an_end_ends_the_association()
    {
        var pair = Connected();
        pair.KeepsSent = true;
        Assert.True(Send(pair, 0, 1, new byte[5_000]));
        pair.RunFor(1_000_000);
        var first = pair.Sent.First(packet => packet[12] == (byte)ChunkType.Data);
        var tsn = BinaryPrimitives.ReadUInt32BigEndian(first.AsSpan(16)) + 5;
        for (var i = 0u; i < 300 && pair.Ends[1].State is SctpState.Established; i++)
        {
            var packet = (byte[])first.Clone(); // its flags say that it begins a message; those behind it only go on
            packet[13] = (byte)(i == 0 ? DataFlags.Begin : DataFlags.None);
            BinaryPrimitives.WriteUInt32BigEndian(packet.AsSpan(16), tsn + i);
            BinaryPrimitives.WriteUInt16BigEndian(packet.AsSpan(22), 1);
            Crc32C.Write(packet);
            pair.Ends[1].Handle(packet, pair.NowUs);
        }
        Assert.Equal(SctpState.Aborted, pair.Ends[1].State);
        pair.Run(() => pair.Ends[0].State is SctpState.Aborted, "the other hears of it");
    }

    [Fact]
    public void Who_begins_anew_takes_the_other_with_it_and_what_waits_is_sent() => Seeds.Run(50, random =>
    {
        var pair = new SctpPair(random) { Loss = random.NextDouble() * 0.2, JitterUs = random.Next(20_000) };
        pair.Connect(both: random.Next(2) == 0);
        for (var i = 0; i < 20; i++) Send(pair, random.Next(2), 1, (byte)i);
        pair.RunFor(random.Next(100_000));
        pair.Ends[1] = new SctpAssociation(pair.Secret());
        Assert.True(Send(pair, 1, 1, 77));
        pair.Ends[1].Connect(pair.NowUs);
        pair.Run(() => pair.Ends[0].Beginnings == 2 && pair.Ends[1].State is SctpState.Established, "both stand anew");
        Assert.True(Send(pair, 0, 1, 99));
        pair.Run(() => pair.Got[1].Exists(message => message.Payload[0] == 99) && pair.Got[0].Exists(message => message.Payload[0] == 77),
            "both ways go on");
    });

    [Fact]
    public void Both_may_begin_at_once() => Seeds.Run(50, random =>
    {
        var pair = new SctpPair(random) { Loss = random.NextDouble() * 0.4, JitterUs = random.Next(50_000) };
        pair.Connect(both: true);
        Assert.True(Send(pair, 0, 1, 1) && Send(pair, 1, 1, 2));
        pair.Run(() => pair.Got[0].Count == 1 && pair.Got[1].Count == 1, "both are heard");
        Assert.Equal((1, 1), (pair.Ends[0].Beginnings, pair.Ends[1].Beginnings));
    });

    [Fact]
    public void A_stream_that_is_closed_is_closed_for_the_other_too_and_may_begin_anew() => Seeds.Run(30, random =>
    {
        var pair = new SctpPair(random) { Loss = random.NextDouble() * 0.3, JitterUs = random.Next(20_000) };
        pair.Connect();
        for (byte i = 0; i < 10; i++) Assert.True(Send(pair, 0, 4, i));
        pair.Run(() => pair.Got[1].Count == 10, "before");
        pair.Ends[0].ResetStream(4);
        var closed = new ushort[2];
        pair.Run(() => pair.Ends[1].TryTakeClosed(out closed[0]), "the other hears of it");
        Assert.Equal(4, closed[0]);
        pair.Ends[1].ResetStream(4);
        pair.Run(() => pair.Ends[0].TryTakeClosed(out closed[1]), "and closes its own direction");
        pair.Run(() => Send(pair, 0, 4, 42), "it can be used again");
        pair.Run(() => pair.Got[1].Count == 11, "and counts from the beginning");
        Assert.Equal(42, pair.Got[1][10].Payload[0]);
    });

    [Fact]
    public void Packets_of_any_shape_are_taken_or_refused_and_keep_nothing_beyond_the_bounds()
    {
        var pair = new SctpPair(new Random(5)) { KeepsSent = true, Loss = 0.1 };
        pair.Connect(both: true);
        for (var i = 0; i < 40; i++)
            pair.Ends[0].Send((ushort)(i % 5), Binary, new byte[1 + i * 100], new Delivery(i % 2 == 0, i % 3), pair.NowUs);
        pair.RunFor(2_000_000);
        pair.Ends[0].ResetStream(3);
        pair.RunFor(2_000_000);
        byte[][] corpus = [.. pair.Sent.Where(packet => packet.Length < 1_148).Take(400), .. pair.Sent.Take(20)];
        var options = new SctpOptions();
        var (target, tag, now, taken) = (pair.Ends[1], TagOf(pair, 1), pair.NowUs, 0);
        var out_ = new byte[2_000];
        Fuzz.Run(corpus, input =>
        {
            if (input.Length >= 12)
            {
                BinaryPrimitives.WriteUInt16BigEndian(input.AsSpan(2), SctpOptions.Port);
                if (input.Length < 13 || input[12] != (byte)ChunkType.Init) BinaryPrimitives.WriteUInt32BigEndian(input.AsSpan(4), tag);
                Crc32C.Write(input);
            }
            target.Handle(input, now += 700);
            target.Send(1, Binary, new byte[50], new Delivery(true, 0), now);
            target.Advance(now);
            for (var packets = 0; target.NextPacket(out_, now) > 0; packets++) Assert.InRange(packets, 0, 5_000);
            if (taken++ % 3 == 0) while (target.TryReceive(out _, now)) { }
            while (target.TryTakeClosed(out _)) { }
            Assert.InRange(target.BufferedOctets, 0, options.SendBufferOctets);
            if (target.State is SctpState.Established or SctpState.ShuttingDown) return;
            // It has ended what it was told to end: the next one.
            pair = Connected(seed: taken);
            (target, tag, now) = (pair.Ends[1], TagOf(pair, 1), Math.Max(now, pair.NowUs));
        }, costs: 4);
    }

    /// <summary>What the other end writes into its packets.</summary>
    private static uint TagOf(SctpPair pair, int end)
    {
        var buffer = new byte[2_000];
        Assert.True(Send(pair, 1 - end, 0, 1));
        Assert.True(pair.Ends[1 - end].NextPacket(buffer, pair.NowUs) > 0);
        return BinaryPrimitives.ReadUInt32BigEndian(buffer.AsSpan(4));
    }
}
