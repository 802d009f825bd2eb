using System.Net;
using System.Net.Sockets;

namespace VideoScale.Harness.Processes;

public static class LoopbackPorts
{
    /// <summary>Ports that the kernel just gave out, all different; they are free again when this returns.</summary>
    public static int[] Free(int count)
    {
        var listeners = Enumerable.Range(0, count).Select(_ => new TcpListener(IPAddress.Loopback, 0)).ToArray();
        foreach (var listener in listeners) listener.Start();
        var ports = listeners.Select(listener => ((IPEndPoint)listener.LocalEndpoint).Port).ToArray();
        foreach (var listener in listeners) listener.Dispose();
        return ports;
    }
}
