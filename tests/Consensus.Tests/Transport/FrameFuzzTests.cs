using VideoScale.Consensus.Core;
using VideoScale.Consensus.Engine.Transport;
using VideoScale.Consensus.Tests.Wal;
using VideoScale.Harness;

namespace VideoScale.Consensus.Tests.Transport;

public sealed class Frame_decoder
{
    private const int MaxFrameBytes = 1 << 20;

    private static byte[] Encode(Message message)
    {
        var frame = new byte[Frame.HeaderBytes + MessageCodec.Measure(message)];
        MessageCodec.Encode(message, frame.AsSpan(Frame.HeaderBytes));
        Frame.Seal(frame, FrameType.Message);
        return frame;
    }

    private static Message Any(Random random) => new()
    {
        Kind = MessageKind.Append,
        From = new MemberId(1),
        To = new MemberId(2),
        Term = (ulong)random.Next(),
        Index = (ulong)random.Next(),
        Reject = random.Next(2) == 0,
        Entries = Enumerable.Range(0, random.Next(6)).Select(i => new Entry((ulong)i, 1, EntryKind.Command, new ProposalId(3, 4),
            TestLog.Payload(random.Next(200), (ulong)i))).ToArray(),
    };

    /// <summary>Reads everything; only the protocol's own exception may come out.</summary>
    private static int ReadAll(byte[] bytes, Random random)
    {
        var at = 0;
        var reader = new FrameReader(buffer =>
        {
            var count = Math.Min(Math.Min(buffer.Length, bytes.Length - at), 1 + random.Next(400));
            bytes.AsMemory(at, count).CopyTo(buffer);
            at += count;
            return count;
        }, MaxFrameBytes);
        var scratch = new Entry[2];
        var read = 0;
        try
        {
            while (reader.TryRead(out _, out var body))
            {
                MessageCodec.Decode(body, ref scratch);
                read++;
            }
        }
        catch (ProtocolException) { }
        Assert.InRange(reader.BufferBytes, 1, Math.Max(64 << 10, 4 * bytes.Length));
        Assert.InRange(scratch.Length, 2, Math.Max(2, bytes.Length));
        return read;
    }

    [Fact]
    public void Sound_frames_are_read_whatever_pieces_they_come_in() => Seeds.Run(200, random =>
    {
        var frames = Enumerable.Range(0, random.Next(1, 20)).Select(_ => Encode(Any(random))).ToArray();
        Assert.Equal(frames.Length, ReadAll([.. frames.SelectMany(f => f)], random));
    });

    [Fact]
    public void Random_bytes_end_in_the_protocol_exception_and_allocate_no_more_than_they_are() => Seeds.Run(3_000, random =>
    {
        var bytes = new byte[random.Next(2_000)];
        random.NextBytes(bytes);
        if (bytes.Length > 16 && random.Next(2) == 0) bytes.AsSpan(2, 2).Clear(); // a length that may be accepted
        Assert.Equal(0, ReadAll(bytes, random));
    });

    [Fact]
    public void A_changed_frame_never_passes() => Seeds.Run(5_000, random =>
    {
        var frame = Encode(Any(random));
        frame[random.Next(frame.Length)] ^= (byte)(1 << random.Next(8));
        Assert.Equal(0, ReadAll(frame, random));
    });

    [Fact]
    public void A_wrong_body_under_a_right_checksum_ends_in_the_protocol_exception() => Seeds.Run(20_000, random =>
    {
        var frame = Encode(Any(random));
        for (var i = random.Next(1, 4); i > 0; i--)
            frame[Frame.HeaderBytes + random.Next(Math.Min(140, frame.Length - Frame.HeaderBytes))] = (byte)random.Next(256);
        var cut = random.Next(4) == 0 ? frame[..random.Next(Frame.HeaderBytes, frame.Length)] : frame;
        Frame.Seal(cut, FrameType.Message);
        ReadAll(cut, random);
    });

    [Fact]
    public void Random_hellos_end_in_the_protocol_exception() => Seeds.Run(2_000, random =>
    {
        var hello = new Hello(1, new MemberId(2), new MemberId(3), Channel.Bulk).ToFrame()[Frame.HeaderBytes..];
        hello[random.Next(16)] ^= (byte)(1 << random.Next(8));
        try { Hello.Decode(hello.AsSpan(0, random.Next(hello.Length + 1))); }
        catch (ProtocolException) { }
    });
}
