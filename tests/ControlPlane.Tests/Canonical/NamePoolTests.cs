using VideoScale.ControlPlane.Canonical;
using VideoScale.Harness;

namespace VideoScale.ControlPlane.Tests.Canonical;

public sealed class NamePoolTests
{
    /// <summary>Many more names than slots, of which many share one.</summary>
    [Fact]
    public void A_name_reads_the_same_with_a_pool_as_without() => Seeds.Run(5, random =>
    {
        var pool = new NamePool();
        using var writer = new CanonicalWriter();
        for (var i = 0; i < 50_000; i++)
        {
            writer.Reset();
            writer.WriteString(NameFrom(random));
            writer.WriteUInt64(7);
            var plain = new CanonicalReader(writer.WrittenSpan);
            var pooled = new CanonicalReader(writer.WrittenSpan, pool);
            Assert.Equal(plain.ReadName(), pooled.ReadName());
            Assert.Equal(7ul, pooled.ReadUInt64());
            pooled.End();
        }
    });

    [Fact]
    public void A_name_that_is_read_again_is_the_same_string()
    {
        var pool = new NamePool();
        using var writer = new CanonicalWriter();
        writer.WriteString("meeting-00001");
        writer.WriteString("meeting-00001");
        var reader = new CanonicalReader(writer.WrittenSpan, pool);
        Assert.Same(reader.ReadName(), reader.ReadName());
    }

    [Fact]
    public void What_is_no_UTF8_or_cut_short_is_refused_with_a_pool_too()
    {
        var pool = new NamePool();
        foreach (var bytes in (byte[][])[[2, 0xC3, 0x28], [3, (byte)'a', (byte)'b']])
            for (var again = 0; again < 2; again++)
                Assert.Throws<CanonicalException>(() => new CanonicalReader(bytes, pool).ReadName());
    }

    private static string NameFrom(Random random) => random.Next(5) switch
    {
        0 => "",
        1 => "user-" + random.Next(200_000),
        2 => "the-same-beginning-" + random.Next(1_000) + "-and-the-same-end", // differs in the middle alone
        3 => new string((char)random.Next('a', 'e'), random.Next(12)),
        _ => "é\u20ac\0" + random.Next(50),
    };
}
