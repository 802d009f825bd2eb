using System.Diagnostics;
using System.Globalization;
using System.Runtime.CompilerServices;

namespace VideoScale.Harness;

/// <summary>
/// Feeds a parser mutations of good inputs. Short by default; VS_FUZZ_INPUTS sets the number of inputs for a long run, VS_FUZZ_SEED its
/// start, VS_FUZZ_LOG a file that gets a line of each run: name, inputs, seconds, octets of memory that it left.
/// </summary>
public static class Fuzz
{
    public delegate void Target(byte[] input);

    /// <summary>What a target may keep after any number of inputs; a target that keeps something of each grows beyond it.</summary>
    private const long MostKept = 64L << 20;
    /// <summary>Of an input; those that begin longer may grow by half.</summary>
    private const int LongestInput = 2048;

    private const int UsualInputs = 200_000;
    private static int Asked { get; } = Read("VS_FUZZ_INPUTS", 0);
    private static int Seed { get; } = Read("VS_FUZZ_SEED", 1);

    /// <param name="costs">How much dearer an input is than a parser's: so many times fewer are tried unless VS_FUZZ_INPUTS says how
    /// many.</param>
    public static void Run(byte[][] corpus, Target target, int costs = 1, [CallerMemberName] string name = "")
    {
        var inputs = Asked > 0 ? Asked : UsualInputs / costs;
        var kept = GC.GetTotalMemory(forceFullCollection: true);
        var began = Stopwatch.GetTimestamp();
        var random = new Random(Seed);
        var current = Array.Empty<byte>();
        try
        {
            for (var i = 0; i < inputs; i++)
            {
                var good = corpus[random.Next(corpus.Length)];
                current = Mutate(good, corpus[random.Next(corpus.Length)], random, Math.Max(LongestInput, good.Length * 3 / 2));
                target(current);
            }
        }
        catch (Exception e)
        {
            throw new InvalidOperationException($"input {Convert.ToHexString(current)}: {e.Message}", e);
        }
        var seconds = Stopwatch.GetElapsedTime(began).TotalSeconds;
        kept = GC.GetTotalMemory(forceFullCollection: true) - kept;
        if (Environment.GetEnvironmentVariable("VS_FUZZ_LOG") is { Length: > 0 } log)
            File.AppendAllText(log, string.Create(CultureInfo.InvariantCulture, $"{name} {inputs} {seconds:F1} {Math.Max(0, kept)}\n"));
        if (kept > MostKept) throw new InvalidOperationException($"{name} kept {kept} octets of {inputs} inputs");
    }

    private static byte[] Mutate(byte[] good, byte[] other, Random random, int longest)
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
            if (bytes.Length > longest) Array.Resize(ref bytes, longest);
        }
        return bytes;
    }

    private static int Read(string variable, int otherwise) =>
        int.TryParse(Environment.GetEnvironmentVariable(variable), NumberStyles.None, CultureInfo.InvariantCulture, out var value) ? value
            : otherwise;
}
