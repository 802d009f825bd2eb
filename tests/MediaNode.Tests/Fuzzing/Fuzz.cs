using System.Globalization;

namespace VideoScale.MediaNode.Tests.Fuzzing;

/// <summary>Feeds a parser mutations of good inputs. Short by default; VS_FUZZ_INPUTS sets the number of inputs for a long run, VS_FUZZ_SEED its start.</summary>
internal static class Fuzz
{
    public delegate void Target(byte[] input);

    private static int Inputs { get; } = Read("VS_FUZZ_INPUTS", 200_000);
    private static int Seed { get; } = Read("VS_FUZZ_SEED", 1);

    public static void Run(byte[][] corpus, Target target)
    {
        var random = new Random(Seed);
        var current = Array.Empty<byte>();
        try
        {
            for (var i = 0; i < Inputs; i++)
            {
                current = Mutate(corpus[random.Next(corpus.Length)], corpus[random.Next(corpus.Length)], random);
                target(current);
            }
        }
        catch (Exception e)
        {
            throw new InvalidOperationException($"input {Convert.ToHexString(current)}: {e.Message}", e);
        }
    }

    private static byte[] Mutate(byte[] good, byte[] other, Random random)
    {
        var bytes = (byte[])good.Clone();
        for (var round = random.Next(4); round >= 0; round--)
        {
            if (bytes.Length == 0) bytes = new byte[random.Next(1, 64)];
            var at = random.Next(bytes.Length);
            switch (random.Next(8))
            {
                case 0: bytes[at] ^= (byte)(1 << random.Next(8)); break;
                case 1: bytes[at] = (byte)random.Next(256); break;
                case 2: bytes[at] = random.Next(3) switch { 0 => 0, 1 => 0xFF, _ => 0x7F }; break;
                case 3: Array.Resize(ref bytes, at); break;
                case 4: bytes = [.. bytes[..at], .. other[random.Next(other.Length + 1)..]]; break;
                case 5: bytes = [.. bytes[..at], .. bytes.AsSpan(at, random.Next(bytes.Length - at + 1)), .. bytes[at..]]; break;
                case 6: random.NextBytes(bytes.AsSpan(at, Math.Min(4, bytes.Length - at))); break;
                default: bytes = [.. bytes, .. new byte[random.Next(40)]]; break;
            }
            if (bytes.Length > 2048) Array.Resize(ref bytes, 2048);
        }
        return bytes;
    }

    private static int Read(string variable, int otherwise) =>
        int.TryParse(Environment.GetEnvironmentVariable(variable), NumberStyles.None, CultureInfo.InvariantCulture, out var value) ? value : otherwise;
}
