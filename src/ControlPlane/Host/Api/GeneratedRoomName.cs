using System.IO.Hashing;
using System.Text;

namespace VideoScale.ControlPlane.Host.Api;

/// <summary>
/// Makes the name of a room whose creator left it to us: from the request_id, so that a retry at any replica means the same room.
/// </summary>
internal static class GeneratedRoomName
{
    internal static string For(string requestId)
    {
        Span<byte> bytes = stackalloc byte[requestId.Length * 3];
        var length = Encoding.UTF8.GetBytes(requestId, bytes);
        return "room-" + XxHash128.HashToUInt128(bytes[..length]).ToString("x32", System.Globalization.CultureInfo.InvariantCulture)[..16];
    }
}
