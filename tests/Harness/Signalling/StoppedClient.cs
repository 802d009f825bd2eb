using System.Net.Sockets;
using System.Text;

namespace VideoScale.Harness.Signalling;

/// <summary>
/// A client whose process is stopped once it has joined: its machine takes what comes, and nothing answers, not even WebSocket's own pings.
/// </summary>
public sealed class StoppedClient : IDisposable
{
    private readonly TcpClient _tcp = new();

    private StoppedClient() { }

    public static async Task<StoppedClient> JoinAsync(string httpAddress, string token)
    {
        var client = new StoppedClient();
        var (host, port) = (httpAddress[..httpAddress.LastIndexOf(':')],
            int.Parse(httpAddress.AsSpan(httpAddress.LastIndexOf(':') + 1), System.Globalization.CultureInfo.InvariantCulture));
        await client._tcp.ConnectAsync(host, port);
        var key = Convert.ToBase64String(Guid.NewGuid().ToByteArray());
        var head =
            $"GET /rtc/v1?access_token={token} HTTP/1.1\r\nHost: {httpAddress}\r\nUpgrade: websocket\r\nConnection: "
            + $"Upgrade\r\nSec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n";
        await client._tcp.GetStream().WriteAsync(Encoding.ASCII.GetBytes(head));
        var first = new byte[16];
        await client._tcp.GetStream().ReadExactlyAsync(first);
        return Encoding.ASCII.GetString(first).Contains(" 101", StringComparison.Ordinal) ? client
            : throw new InvalidOperationException(Encoding.ASCII.GetString(first));
    }

    public void Dispose() => _tcp.Dispose();
}
