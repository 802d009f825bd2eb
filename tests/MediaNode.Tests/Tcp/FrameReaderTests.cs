using VideoScale.Harness;
using VideoScale.MediaNode.Tcp;

namespace VideoScale.MediaNode.Tests.Tcp;

/// <summary>Packets out of a stream of octets (RFC 4571).</summary>
public sealed class FrameReaderTests
{
    private readonly FrameReader _reader = new();

    [Fact]
    public void However_a_stream_is_cut_its_packets_come_out_whole_and_in_order() => Seeds.Run(300, random =>
    {
        var reader = new FrameReader();
        var packets = Enumerable.Range(0, random.Next(1, 40)).Select(_ => Packet(random, random.Next(0, FrameReader.LongestPacket + 1)))
            .ToList();
        byte[] stream = [.. packets.SelectMany(Frame)];
        var read = new List<byte[]>();
        for (var at = 0; at < stream.Length;)
        {
            var room = reader.Room.Span;
            Assert.False(room.IsEmpty);
            var most = random.Next(2) == 0 ? random.Next(1, 4) : random.Next(1, 9_000);
            var octets = Math.Min(Math.Min(room.Length, stream.Length - at), most);
            stream.AsSpan(at, octets).CopyTo(room);
            reader.Received(octets);
            at += octets;
            while (reader.TryPeek(out var next))
            {
                Assert.True(reader.TryRead(out var packet));
                Assert.True(next == packet, "the next one stays the next until it is taken");
                read.Add(packet.ToArray());
            }
        }
        Assert.False(reader.IsBroken);
        Assert.Equal(packets.Where(packet => packet.Length > 0), read); // those of no length carry nothing
    });

    [Fact]
    public void A_stream_may_be_cut_at_every_octet()
    {
        byte[] first = [1, 2, 3], second = [4, 5];
        byte[] stream = [.. Frame(first), .. Frame(second)];
        for (var cut = 0; cut <= stream.Length; cut++)
        {
            var reader = new FrameReader();
            var read = new List<byte[]>();
            foreach (var part in (byte[][])[stream[..cut], stream[cut..]])
            {
                part.CopyTo(reader.Room);
                reader.Received(part.Length);
                while (reader.TryRead(out var packet)) read.Add(packet.ToArray());
            }
            Assert.Equal([first, second], read);
        }
    }

    [Fact]
    public void A_length_that_no_packet_has_ends_the_stream_and_what_came_before_is_read()
    {
        byte[] stream = [.. Frame([7]), (FrameReader.LongestPacket + 1) >> 8, (FrameReader.LongestPacket + 1) & 0xFF, 0, 1, 8];
        stream.CopyTo(_reader.Room);
        _reader.Received(stream.Length);
        Assert.True(_reader.TryRead(out var packet));
        Assert.Equal([7], packet.ToArray());
        Assert.False(_reader.TryRead(out _));
        Assert.True(_reader.IsBroken);
        Frame([9]).CopyTo(_reader.Room);
        _reader.Received(3);
        Assert.False(_reader.TryRead(out _));
    }

    [Fact]
    public void A_reader_of_the_longest_packets_always_has_room_and_allocates_nothing()
    {
        var frame = Frame(new byte[FrameReader.LongestPacket]);
        var read = 0;
        void Pass()
        {
            for (var i = 0; i < 1000; i++)
            {
                for (var at = 0; at < frame.Length;)
                {
                    var room = _reader.Room.Span;
                    var octets = Math.Min(room.Length, Math.Min(700, frame.Length - at));
                    frame.AsSpan(at, octets).CopyTo(room);
                    _reader.Received(octets);
                    at += octets;
                }
                while (_reader.TryRead(out _)) read++;
            }
        }
        Pass();
        var before = GC.GetAllocatedBytesForCurrentThread();
        Pass();
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
        Assert.Equal(2000, read);
    }

    internal static byte[] Frame(byte[] packet) => [(byte)(packet.Length >> 8), (byte)packet.Length, .. packet];

    private static byte[] Packet(Random random, int length)
    {
        var packet = new byte[random.Next(4) == 0 ? 0 : length];
        random.NextBytes(packet);
        return packet;
    }
}
