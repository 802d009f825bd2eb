using System.Buffers;
using System.Buffers.Binary;
using System.Text;

namespace VideoScale.ControlPlane.Ordinal;

/// <summary>The beginning of a name as one number, so that most comparisons of names need not look at the names.</summary>
/// <remarks>
/// A smaller number means a name that comes before in ordinal order; equal ones say nothing. A byte for each of the first 16 characters;
/// it ends with the first that no byte below 255 holds, since what comes after that one would be compared too early.
/// </remarks>
internal static class OrdinalPrefix
{
    private const int Characters = 16;

    public static UInt128 Of(string name)
    {
        Span<byte> bytes = stackalloc byte[Characters];
        var beginning = name.AsSpan(0, Math.Min(name.Length, Characters));
        if (Ascii.FromUtf16(beginning, bytes, out _) != OperationStatus.Done) Fill(bytes, beginning);
        return BinaryPrimitives.ReadUInt128BigEndian(bytes);
    }

    private static void Fill(Span<byte> bytes, ReadOnlySpan<char> beginning)
    {
        bytes.Clear();
        for (var i = 0; i < beginning.Length; i++)
        {
            bytes[i] = (byte)Math.Min(byte.MaxValue, beginning[i]);
            if (beginning[i] >= byte.MaxValue) break;
        }
    }
}
