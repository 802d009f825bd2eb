using System.Buffers;
using System.IO.Hashing;
using Google.Protobuf;

namespace VideoScale.ControlPlane.Host.Serving;

/// <summary>Hash of a request's body: the same request_id with another body is refused.</summary>
internal static class BodyFingerprint
{
    internal static UInt128 Of(IMessage request)
    {
        var size = request.CalculateSize();
        var buffer = ArrayPool<byte>.Shared.Rent(size);
        try
        {
            request.WriteTo(buffer.AsSpan(0, size));
            return XxHash128.HashToUInt128(buffer.AsSpan(0, size));
        }
        finally { ArrayPool<byte>.Shared.Return(buffer); }
    }
}
