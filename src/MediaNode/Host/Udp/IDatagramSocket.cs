using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using VideoScale.MediaNode.Ice;

namespace VideoScale.MediaNode.Host.Udp;

/// <summary>One shard's socket: whole batches in and out, one thread, no allocation per datagram.</summary>
public interface IDatagramSocket : IDisposable
{
    IPEndPoint LocalEndPoint { get; }
    AddressFamily Family { get; }
    SendBatch Outgoing { get; }

    /// <summary>Waits up to <paramref name="timeoutMs"/> for datagrams or a wake-up; returns how many arrived.</summary>
    int Receive(int timeoutMs);
    /// <summary>A datagram of the last batch; it may be changed in place until the next call of Receive.</summary>
    Span<byte> Datagram(int index, out TransportAddress from);
    /// <summary>
    /// Sends what waits in <see cref="Outgoing"/>. What the kernel has no room for is lost, and told to <see cref="Dropped"/>.
    /// </summary>
    void Flush();
    /// <summary>Called in <see cref="Flush"/> for each datagram that was not sent; it must not send anything itself.</summary>
    DatagramDropped? Dropped { get; set; }
    /// <summary>Ends a Receive that waits; from any thread.</summary>
    void Wake();
    SocketStatistics Statistics { get; }
}

public delegate void DatagramDropped(Destination destination, ReadOnlySpan<byte> datagram);

/// <summary>Counters since the start; written by the shard's thread alone.</summary>
public sealed class SocketStatistics
{
    public long Received { get; internal set; }
    public long Sent { get; internal set; }
    public long ReceivedOctets { get; internal set; }
    public long SentOctets { get; internal set; }
    /// <summary>
    /// From taking a batch of datagrams in to handing what came of it to the kernel: smoothed over about sixteen batches.
    /// </summary>
    public long BatchUs { get; internal set; }
    /// <summary>Datagrams the kernel refused.</summary>
    public long Dropped { get; internal set; }
    public long ReceiveCalls { get; internal set; }
    public long SendCalls { get; internal set; }
    /// <summary>Datagrams that went out as segments of a larger one.</summary>
    public long Segmented { get; internal set; }
}

public static class DatagramSockets
{
    public static IDatagramSocket Bind(IPEndPoint local, bool segmentation = true, bool managed = false) =>
        OperatingSystem.IsLinux() && RuntimeInformation.ProcessArchitecture is Architecture.X64 or Architecture.Arm64 && !managed
            ? new LinuxDatagramSocket(local, segmentation)
            : new ManagedDatagramSocket(local);

    /// <summary>
    /// Room for about a quarter of a second of a busy shard; without CAP_NET_ADMIN the kernel grants net.core.rmem_max at most.
    /// </summary>
    internal const int BufferOctets = 8 << 20;
    private const int SocketLevel = 1;          // SOL_SOCKET
    private const int SendBufferForce = 32;     // SO_SNDBUFFORCE
    private const int ReceiveBufferForce = 33;  // SO_RCVBUFFORCE

    private static void ForceBuffers(Socket socket)
    {
        if (!OperatingSystem.IsLinux()) return;
        var size = BitConverter.GetBytes(BufferOctets);
        try
        {
            socket.SetRawSocketOption(SocketLevel, ReceiveBufferForce, size);
            socket.SetRawSocketOption(SocketLevel, SendBufferForce, size);
        }
        catch (SocketException) { } // not permitted: what was granted above stays
    }

    internal static Socket Open(IPEndPoint local)
    {
        var socket = new Socket(local.AddressFamily, SocketType.Dgram, ProtocolType.Udp);
        try
        {
            if (local.AddressFamily is AddressFamily.InterNetworkV6) socket.DualMode = true;
            socket.ReceiveBufferSize = BufferOctets;
            socket.SendBufferSize = BufferOctets;
            ForceBuffers(socket);
            socket.Bind(local);
            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
}
