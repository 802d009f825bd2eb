using System.Net;
using System.Net.Sockets;
using System.Text;

namespace VideoScale.ControlPlane.Tests.Scaling;

/// <summary>An HTTP server of a few lines, so that it can answer as no library would.</summary>
/// <param name="answer">Head and body in; the whole response out, or null to hang up.</param>
internal sealed class HttpStub : IDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly Func<string, string, string?> _answer;

    internal HttpStub(Func<string, string, string?> answer)
    {
        _answer = answer;
        _listener.Start();
        _ = ServeAsync();
    }

    internal Uri Url => new($"http://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}/fleet?team=a");

    internal static string Reply(int status, string body, string headers = "", string type = "application/json") =>
        $"HTTP/1.1 {status} X\r\nContent-Type: {type}\r\nContent-Length: {Encoding.UTF8.GetByteCount(body)}\r\n{headers}"
        + $"Connection: close\r\n\r\n{body}";

    private async Task ServeAsync()
    {
        try
        {
            while (true)
            {
                using var client = await _listener.AcceptTcpClientAsync();
                await using var stream = client.GetStream();
                var text = new StringBuilder();
                var buffer = new byte[64 * 1024];
                int end;
                while ((end = text.ToString().IndexOf("\r\n\r\n", StringComparison.Ordinal)) < 0
                    || text.Length < end + 4 + LengthOf(text.ToString(0, end)))
                {
                    var read = await stream.ReadAsync(buffer);
                    if (read == 0) break;
                    text.Append(Encoding.UTF8.GetString(buffer, 0, read));
                }
                if (_answer(text.ToString(0, end), text.ToString(end + 4, text.Length - end - 4)) is { } reply)
                    await stream.WriteAsync(Encoding.UTF8.GetBytes(reply));
                else client.Client.Close(0);
            }
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException or IOException) { }
    }

    private static int LengthOf(string head) =>
        head.Split("\r\n").Select(line => line.Split(": ")).Where(parts => parts[0].Equals("Content-Length",
            StringComparison.OrdinalIgnoreCase))
            .Select(parts => int.Parse(parts[1], System.Globalization.CultureInfo.InvariantCulture)).FirstOrDefault();

    public void Dispose() => _listener.Dispose();
}
