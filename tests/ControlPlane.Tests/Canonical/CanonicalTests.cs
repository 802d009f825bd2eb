using System.Text;
using FsCheck;
using FsCheck.Fluent;
using VideoScale.ControlPlane.Canonical;
using VideoScale.Harness;

namespace VideoScale.ControlPlane.Tests.Canonical;

public sealed class CanonicalTests
{
    [Fact]
    public void Every_value_reads_back_as_written() => Seeds.Run(500, random =>
    {
        using var writer = new CanonicalWriter(16);
        var script = new List<(int Kind, object Value)>();
        for (var i = random.Next(1, 40); i > 0; i--) script.Add(WriteSome(writer, random));
        var reader = new CanonicalReader(writer.WrittenSpan);
        foreach (var (kind, value) in script) Assert.Equal(value, Read(ref reader, kind));
        reader.End();
    });

    [Fact]
    public void Numbers_take_the_fewest_bytes_and_read_back() => Check.QuickThrowOnFailure(Prop.ForAll<ulong, long>((unsigned, signed) =>
    {
        using var writer = new CanonicalWriter();
        writer.WriteUInt64(unsigned);
        var length = writer.Length;
        writer.WriteInt64(signed);
        var reader = new CanonicalReader(writer.WrittenSpan);
        var minimal = Math.Max(1, (64 - System.Numerics.BitOperations.LeadingZeroCount(unsigned) + 6) / 7);
        return length == minimal && reader.ReadUInt64() == unsigned && reader.ReadInt64() == signed && reader.AtEnd;
    }));

    [Theory]
    [InlineData(0UL)]
    [InlineData(127UL)]
    [InlineData(128UL)]
    [InlineData(ulong.MaxValue)]
    public void The_edges_of_varints_hold(ulong value)
    {
        using var writer = new CanonicalWriter();
        writer.WriteUInt64(value);
        writer.WriteInt64(long.MinValue);
        writer.WriteInt64(long.MaxValue);
        var reader = new CanonicalReader(writer.WrittenSpan);
        Assert.Equal(value, reader.ReadUInt64());
        Assert.Equal(long.MinValue, reader.ReadInt64());
        Assert.Equal(long.MaxValue, reader.ReadInt64());
    }

    [Fact]
    public void One_value_has_one_encoding_so_changed_bytes_never_decode_to_the_same_value() => Seeds.Run(500, random =>
    {
        using var writer = new CanonicalWriter();
        var (kind, value) = WriteSome(writer, random);
        var bytes = writer.ToArray();
        var changed = (byte[])bytes.Clone();
        changed[random.Next(changed.Length)] ^= (byte)(1 << random.Next(8));
        Assert.NotEqual(value, ReadOrNull(changed, kind));
    });

    [Theory]
    [InlineData(new byte[] { 0x80, 0x00 }, "longer than needed")]
    [InlineData(new byte[] { 0xFF, 0x80, 0x00 }, "longer than needed")]
    [InlineData(new byte[] { 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x02 }, "64 bits")]
    [InlineData(new byte[] { 0x80 }, "missing")]
    [InlineData(new byte[0], "missing")]
    public void A_varint_that_is_not_minimal_or_too_large_or_cut_is_refused(byte[] bytes, string why)
    {
        var refusal = Assert.Throws<CanonicalException>(() => new CanonicalReader(bytes).ReadUInt64());
        Assert.Contains(why, refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Broken_text_flags_lengths_and_leftovers_are_refused()
    {
        Assert.Throws<CanonicalException>(() => new CanonicalReader([2, 0xC3, 0x28]).ReadString());
        Assert.Throws<CanonicalException>(() => new CanonicalReader([2]).ReadBool());
        Assert.Throws<CanonicalException>(() => new CanonicalReader([5, 1, 2]).ReadBytes());
        Assert.Throws<CanonicalException>(() => new CanonicalReader([3, 1, 2, 3]).ReadBytes(maxBytes: 2));
        Assert.Throws<CanonicalException>(() => new CanonicalReader([9, 1, 2]).ReadCount());
        Assert.Throws<CanonicalException>(() => new CanonicalReader([0x80, 0x80, 0x80, 0x80, 0x10]).ReadUInt32());
        Assert.Throws<CanonicalException>(() => new CanonicalReader([0]).End());
        using var writer = new CanonicalWriter();
        Assert.Throws<CanonicalException>(() => writer.WriteString("lone \uD800 surrogate"));
    }

    [Fact]
    public void Writing_again_into_the_same_writer_allocates_nothing()
    {
        using var writer = new CanonicalWriter(4096);
        var text = new string('é', 300);
        Fill(writer, text);
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 1_000; i++) Fill(writer, text);
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);

        static void Fill(CanonicalWriter writer, string text)
        {
            writer.Reset();
            writer.WriteUInt64(ulong.MaxValue);
            writer.WriteString(text);
            writer.WriteString("short");
            writer.WriteUInt128(UInt128.MaxValue);
        }
    }

    [Fact]
    public void Any_bytes_are_read_or_refused_but_never_crash() => Seeds.Run(2_000, random =>
    {
        var bytes = new byte[random.Next(0, 64)];
        random.NextBytes(bytes);
        for (var kind = 0; kind < 7; kind++) ReadOrNull(bytes, kind);
    });

    private static object? ReadOrNull(byte[] bytes, int kind)
    {
        try
        {
            var reader = new CanonicalReader(bytes);
            var value = Read(ref reader, kind);
            reader.End();
            return value;
        }
        catch (CanonicalException) { return null; }
    }

    private static (int Kind, object Value) WriteSome(CanonicalWriter writer, Random random)
    {
        var kind = random.Next(6);
        switch (kind)
        {
            case 0: var u = (ulong)random.NextInt64() >> random.Next(64); writer.WriteUInt64(u); return (kind, u);
            case 1: var i = random.NextInt64(long.MinValue, long.MaxValue) >> random.Next(64); writer.WriteInt64(i); return (kind, i);
            case 2: var flag = random.Next(2) == 1; writer.WriteBool(flag); return (kind, flag);
            case 3:
                var bytes = new byte[random.Next(300)];
                random.NextBytes(bytes); writer.WriteBytes(bytes); return (kind, Convert.ToHexString(bytes));
            case 4: var text = Text(random); writer.WriteString(text); return (kind, text);
            default:
                var wide = new UInt128((ulong)random.NextInt64(), (ulong)random.NextInt64());
                writer.WriteUInt128(wide); return (kind, wide);
        }
    }

    private static object Read(ref CanonicalReader reader, int kind) => kind switch
    {
        0 => reader.ReadUInt64(),
        1 => reader.ReadInt64(),
        2 => reader.ReadBool(),
        3 => Convert.ToHexString(reader.ReadBytes()),
        4 => reader.ReadString(),
        _ => reader.ReadUInt128(),
    };

    private static string Text(Random random)
    {
        var text = new StringBuilder();
        for (var i = random.Next(0, 90); i > 0; i--) text.Append(new[] { "a", "Z", "é", "試", "🙂", "\0" }[random.Next(6)]);
        return text.ToString();
    }
}
