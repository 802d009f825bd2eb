using System.Security.Cryptography;
using VideoScale.ControlPlane.Hashing;
using VideoScale.Harness;

namespace VideoScale.ControlPlane.Tests.Hashing;

public sealed class Sha256Tests
{
    [Fact]
    public void It_is_what_the_framework_computes_for_every_length() => Seeds.Run(20, random =>
    {
        Span<byte> ours = stackalloc byte[Sha256.SizeBytes];
        for (var length = 0; length < 200; length++) Same(random, length, ours);
        foreach (var length in (int[])[4_095, 4_096, 4_097, 65_536]) Same(random, length, ours);
    });

    [Fact]
    public void A_hash_of_too_few_bytes_is_refused() => Assert.Throws<ArgumentOutOfRangeException>(() => Sha256.Hash([], new byte[31]));

    private static void Same(Random random, int length, Span<byte> ours)
    {
        var input = new byte[length];
        random.NextBytes(input);
        Sha256.Hash(input, ours);
        Assert.True(ours.SequenceEqual(SHA256.HashData(input)), $"{length} bytes");
    }
}
