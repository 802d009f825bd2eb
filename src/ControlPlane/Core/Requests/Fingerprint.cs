using System.Buffers.Binary;
using System.Text;
using VideoScale.ControlPlane.Canonical;
using VideoScale.ControlPlane.Commands;
using VideoScale.ControlPlane.Hashing;

namespace VideoScale.ControlPlane.Requests;

/// <summary>128 bits of SHA-256: names a request, or says whether two bodies are the same.</summary>
public static class Fingerprint
{
    public static UInt128 Of(ReadOnlySpan<byte> body)
    {
        Span<byte> hash = stackalloc byte[Sha256.SizeBytes];
        Sha256.Hash(body, hash);
        return BinaryPrimitives.ReadUInt128LittleEndian(hash);
    }

    /// <summary>Key of (subject, method, request_id); each part carries its length, so parts cannot run into each other.</summary>
    public static UInt128 Of(string subject, RequestKey request)
    {
        Span<byte> bytes = stackalloc byte[512];
        var length = 0;
        if (!Append(subject, bytes, ref length) || !Append(request.Method, bytes, ref length)
            || !Append(request.RequestId, bytes, ref length))
        {
            using var writer = new CanonicalWriter();
            writer.WriteString(subject);
            writer.WriteString(request.Method);
            writer.WriteString(request.RequestId);
            return Of(writer.WrittenSpan);
        }
        return Of(bytes[..length]);
    }

    private static bool Append(string part, Span<byte> bytes, ref int length)
    {
        var count = Encoding.UTF8.GetByteCount(part);
        if (count > 0x7F || length + 1 + count > bytes.Length) return false;
        bytes[length++] = (byte)count;
        length += Encoding.UTF8.GetBytes(part, bytes[length..]);
        return true;
    }
}
