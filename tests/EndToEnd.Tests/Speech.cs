using System.Buffers.Binary;

namespace VideoScale.EndToEnd.Tests;

/// <summary>A sound that browsers take for a voice: their noise suppression takes a plain tone away.</summary>
internal static class Speech
{
    private const int Rate = 48_000, Seconds = 8, Header = 44;
    private const double PitchHz = 130, SyllablesPerSecond = 4;

    /// <summary>Writes a WAV file into a folder, and returns its path.</summary>
    internal static string Write(string folder)
    {
        var octets = new byte[Header + Rate * Seconds * sizeof(short)];
        "RIFF"u8.CopyTo(octets);
        BinaryPrimitives.WriteInt32LittleEndian(octets.AsSpan(4), octets.Length - 8);
        "WAVEfmt "u8.CopyTo(octets.AsSpan(8));
        BinaryPrimitives.WriteInt32LittleEndian(octets.AsSpan(16), 16);
        BinaryPrimitives.WriteInt16LittleEndian(octets.AsSpan(20), 1); // PCM
        BinaryPrimitives.WriteInt16LittleEndian(octets.AsSpan(22), 1); // one channel
        BinaryPrimitives.WriteInt32LittleEndian(octets.AsSpan(24), Rate);
        BinaryPrimitives.WriteInt32LittleEndian(octets.AsSpan(28), Rate * sizeof(short));
        BinaryPrimitives.WriteInt16LittleEndian(octets.AsSpan(32), sizeof(short));
        BinaryPrimitives.WriteInt16LittleEndian(octets.AsSpan(34), 16);
        "data"u8.CopyTo(octets.AsSpan(36));
        BinaryPrimitives.WriteInt32LittleEndian(octets.AsSpan(40), octets.Length - Header);
        var phase = 0.0;
        for (var i = 0; i < Rate * Seconds; i++)
        {
            var t = (double)i / Rate;
            phase += PitchHz * (1 + 0.15 * Math.Sin(2 * Math.PI * 0.7 * t)) / Rate; // the pitch of a voice wanders
            var voice = 0.0;
            for (var harmonic = 1; harmonic <= 25; harmonic++)
                voice += Formants(harmonic * PitchHz, t) * Math.Sin(2 * Math.PI * harmonic * phase);
            var loudness = 0.35 + 0.65 * Math.Pow(Math.Sin(Math.PI * SyllablesPerSecond * t / 2), 2);
            BinaryPrimitives.WriteInt16LittleEndian(octets.AsSpan(Header + i * sizeof(short)),
                (short)(Math.Clamp(voice * loudness * 0.25, -1, 1) * short.MaxValue));
        }
        var path = Path.Combine(folder, "speech.wav");
        File.WriteAllBytes(path, octets);
        return path;
    }

    /// <summary>Two resonances that move between vowels.</summary>
    private static double Formants(double frequency, double t)
    {
        var (first, second) = (500 + 200 * Math.Sin(2 * Math.PI * 1.3 * t), 1_500 + 500 * Math.Sin(2 * Math.PI * 0.9 * t));
        return Peak(frequency, first, 120) + 0.5 * Peak(frequency, second, 200) + 0.02;
    }

    private static double Peak(double frequency, double centre, double width) => 1 / (1 + Math.Pow((frequency - centre) / width, 2));
}
