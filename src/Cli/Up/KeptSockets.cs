using System.Net;
using System.Net.Sockets;
using VideoScale.Cli.CommandLine;
using VideoScale.Rpc;

namespace VideoScale.Cli.Up;

/// <summary>The HTTP sockets of the replicas, on loopback, for as long as <c>up</c> runs.</summary>
internal sealed class KeptSockets : IDisposable
{
    private readonly List<KeptSocket> _sockets = [];

    internal KeptSockets(IEnumerable<int> ports)
    {
        foreach (var port in ports)
        {
            try { _sockets.Add(new KeptSocket(new IPEndPoint(IPAddress.Loopback, port))); }
            catch (SocketException e)
            {
                Dispose();
                throw new CliException($"port {port} cannot be used: {e.Message}", e) { ExitCode = Exit.Refused };
            }
        }
    }

    internal KeptSocket this[int replica] => _sockets[replica];

    public void Dispose()
    {
        foreach (var socket in _sockets) socket.Dispose();
    }
}
