using VideoScale.Harness;
using VideoScale.MediaNode.Rtp;
using VideoScale.MediaNode.Tcp;

namespace VideoScale.MediaNode.Tests.Tcp;

/// <summary>What is written to a stream that may be slow.</summary>
public sealed class PacketQueueTests
{
    private const uint Camera = 7000;
    private const int SoundOctets = 90;
    private readonly QueueDrops _drops = new();
    private readonly PacketQueue _queue;

    public PacketQueueTests() => _queue = new PacketQueue(_drops);

    [Fact]
    public void What_a_stream_takes_in_any_pieces_is_what_was_queued() => Seeds.Run(200, random =>
    {
        var queue = new PacketQueue(new QueueDrops());
        var (written, taken) = (new List<byte>(), new List<byte>());
        Memory<byte>? sending = null; // a send that goes on reads what was there when it began
        for (var step = 0; step < 300; step++)
        {
            if (random.Next(3) > 0)
            {
                var packet = new byte[random.Next(1, 1500)];
                random.NextBytes(packet);
                queue.Add(packet, step);
                written.AddRange(FrameReaderTests.Frame(packet));
            }
            if (sending is { } going)
            {
                taken.AddRange(going.ToArray());
                queue.Sent(going.Length);
                sending = null;
            }
            else if (queue.Octets > 0 && random.Next(2) == 0) sending = queue.Next[..random.Next(1, queue.Next.Length + 1)];
        }
        if (sending is { } last)
        {
            taken.AddRange(last.ToArray());
            queue.Sent(last.Length);
        }
        while (queue.Octets > 0)
        {
            taken.AddRange(queue.Next.ToArray());
            queue.Sent(queue.Next.Length);
        }
        Assert.Equal(written, taken);
        Assert.False(queue.IsOverfull);
    });

    [Fact]
    public void A_slow_receiver_gets_whole_pictures_all_of_the_sound_and_neither_late() => Seeds.Run(50, random =>
    {
        var kbps = random.Next(100, 2_000);
        var (drops, reader, pictures) = (new QueueDrops(), new FrameReader(), new Dictionary<uint, (int Sent, int Received)>());
        var queue = new PacketQueue(drops);
        var (soundSent, soundReceived, longestUs) = (0, 0, 0L);
        var credit = 0.0;
        for (long now = 1_000, until = 20_000_000; now < until; now += 1_000)
        {
            if (now % 20_000 == 0)
            {
                queue.Add(Sound(++soundSent), now);
            }
            if (now % 33_000 == 0)
            {
                var (timestamp, packets) = ((uint)(now / 33_000 * 3_000), random.Next(1, 12));
                pictures[timestamp] = (packets, 0);
                for (var i = 0; i < packets; i++)
                {
                    var packet = Video(Camera, timestamp, random.Next(200, 1_200));
                    if (queue.TakesPicture(packet, now)) queue.Add(packet, now);
                }
            }
            longestUs = Math.Max(longestUs, queue.AgeUs(now));
            credit = Math.Min(credit + kbps / 8.0, 4_000);
            while (queue.Octets > 0 && credit >= 1)
            {
                var part = queue.Next[..Math.Min(queue.Next.Length, (int)credit)];
                foreach (var octet in part.ToArray())
                {
                    reader.Room.Span[0] = octet;
                    reader.Received(1);
                    if (!reader.TryRead(out var packet)) continue;
                    if (packet.Length == SoundOctets) Assert.Equal(++soundReceived, BitConverter.ToInt32(packet[12..]));
                    else if (RtpHeader.TryParse(packet, out var header))
                        pictures[header.Timestamp] = pictures[header.Timestamp] with { Received = pictures[header.Timestamp].Received + 1 };
                }
                queue.Sent(part.Length);
                credit -= part.Length;
            }
        }
        Assert.InRange(soundReceived, soundSent - 40, soundSent); // what still waits
        Assert.True(longestUs < 2_000_000, $"{longestUs} us at {kbps} kbit/s"); // patience, and one large picture at the slowest rate
        var end = pictures.Keys.Max() - 90_000; // what still waits may be a part
        Assert.All(pictures.Where(picture => picture.Key < end), picture => Assert.True(picture.Value.Received == 0
            || picture.Value.Received == picture.Value.Sent, $"{picture.Value} of a picture"));
        Assert.Equal(drops.Pictures > 0, pictures.Values.Any(picture => picture.Received == 0));
        Assert.False(queue.IsStuck(20_000_000));
    });

    [Fact]
    public void A_picture_that_has_begun_goes_on_and_one_that_began_too_late_does_not()
    {
        long now = 1_000;
        Assert.True(Offer(Camera, 1, now));
        now += PacketQueue.PatienceUs + 1;
        Assert.True(Offer(Camera, 1, now));
        Assert.False(Offer(Camera, 2, now));
        Assert.False(_queue.TakesRepair(500, now));
        _queue.Add(Sound(1), now);
        while (_queue.Octets > 0) _queue.Sent(_queue.Next.Length);
        Assert.False(Offer(Camera, 2, now)); // the rest of it, though there is room again
        Assert.True(Offer(Camera, 3, now));
        Assert.True(_queue.TakesRepair(500, now));
        Assert.Equal((1, 2, 1), (_drops.Pictures, _drops.PicturePackets, _drops.Repairs));
    }

    [Fact]
    public void A_late_packet_of_an_older_picture_does_not_tear_the_present_one()
    {
        long now = 1_000;
        Assert.True(Offer(Camera, 2, now));
        now += PacketQueue.PatienceUs + 1;
        Assert.False(Offer(Camera, 3, now));
        Assert.False(Offer(Camera, 1, now));
        while (_queue.Octets > 0) _queue.Sent(_queue.Next.Length);
        Assert.True(Offer(Camera, 1, now));
        Assert.False(Offer(Camera, 3, now));
        Assert.True(Offer(Camera, uint.MaxValue - 1_000_000, now)); // a clock that began anew
        Assert.True(Offer(Camera, uint.MaxValue - 990_000, now));
    }

    [Fact]
    public void Memory_is_bounded_whatever_nobody_reads()
    {
        long now = 1_000;
        for (var i = 0; i < 5_000; i++)
        {
            Offer(Camera, (uint)i, now, octets: 1_200); // all at once: time alone would not stop them
            if (_queue.TakesData(1_200, now)) _queue.Add(new byte[1_200], now);
            Assert.InRange(_queue.Octets, 0, PacketQueue.MostOctets);
        }
        Assert.False(_queue.IsStuck(now));
        Assert.InRange(_queue.Octets, PacketQueue.MostMediaOctets, PacketQueue.MostMediaOctets + 3_000);
        Assert.True(_drops is { Pictures: > 4_000, DataPackets: > 4_000 });
        for (var i = 0; i < 20_000 && !_queue.IsOverfull; i++) _queue.Add(Sound(i), now);
        Assert.True(_queue.IsOverfull && _queue.IsStuck(now));
        Assert.InRange(_queue.Octets, PacketQueue.MostOctets - 2 * SoundOctets, PacketQueue.MostOctets);
    }

    [Fact]
    public void One_huge_picture_is_cut_off_before_it_takes_what_sound_needs()
    {
        var taken = 0;
        while (taken < 2_000 && Offer(Camera, 1, 1_000, octets: 1_200)) taken++;
        Assert.InRange(taken, 500, 900);
        Assert.False(Offer(Camera, 1, 1_000, octets: 1));
        Assert.Equal(1, _drops.Pictures);
        _queue.Add(Sound(1), 1_000);
        Assert.False(_queue.IsOverfull);
    }

    [Fact]
    public void Who_reads_nothing_for_long_is_stuck_and_who_reads_is_not()
    {
        _queue.Add(Sound(1), 1_000);
        Assert.False(_queue.IsStuck(PacketQueue.StallUs));
        Assert.True(_queue.IsStuck(1_000 + PacketQueue.StallUs));
        for (long now = 6_000; now < 2 * PacketQueue.StallUs; now += 20_000)
        {
            _queue.Add(Sound(2), now);
            _queue.Sent(FrameReader.HeaderOctets + SoundOctets);
            Assert.InRange(_queue.AgeUs(now), 0, 40_000);
        }
    }

    [Fact]
    public void What_passes_at_once_allocates_nothing()
    {
        var (sound, video) = (Sound(1), Video(Camera, 0, 1_100));
        void Pass()
        {
            for (var i = 0; i < 1_000; i++)
            {
                _queue.Add(sound, i * 1_000);
                video[7] = (byte)i;
                if (_queue.TakesPicture(video, i * 1_000)) _queue.Add(video, i * 1_000);
                while (_queue.Octets > 0) _queue.Sent(_queue.Next.Length);
            }
        }
        Pass();
        var before = GC.GetAllocatedBytesForCurrentThread();
        Pass();
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    private bool Offer(uint ssrc, uint timestamp, long now, int octets = 500)
    {
        var packet = Video(ssrc, timestamp, octets);
        var takes = _queue.TakesPicture(packet, now);
        if (takes) _queue.Add(packet, now);
        return takes;
    }

    private static byte[] Video(uint ssrc, uint timestamp, int octets)
    {
        var packet = new byte[RtpHeader.FixedLength + octets];
        RtpHeader.WriteFixed(packet, marker: false, 96, 1, timestamp, ssrc);
        return packet;
    }

    private static byte[] Sound(int number)
    {
        var packet = new byte[SoundOctets];
        RtpHeader.WriteFixed(packet, marker: false, 111, (ushort)number, (uint)number, 1);
        BitConverter.TryWriteBytes(packet.AsSpan(12), number);
        return packet;
    }
}
