using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace VideoScale.Rpc;

/// <summary>A listening socket that outlives the processes which serve it: connections made while none does wait for the next.</summary>
public sealed partial class KeptSocket : IDisposable
{
    private const int Backlog = 512;
    private const int SetDescriptorFlags = 2; // F_SETFD
    private const int CloseOnExec = 1;        // FD_CLOEXEC

    /// <summary>One child is started at a time, so that no other inherits a socket that is being handed over.</summary>
    private static readonly Lock Starting = new();

    private readonly Socket _socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);

    /// <exception cref="SocketException">The port is in use.</exception>
    public KeptSocket(IPEndPoint at)
    {
        try
        {
            // connections that linger after a restart are no obstacle
            _socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.ReuseAddress, true);
            _socket.Bind(at);
            _socket.Listen(Backlog);
        }
        catch
        {
            _socket.Dispose();
            throw;
        }
    }

    /// <summary>What a child knows it by.</summary>
    public int Descriptor => (int)_socket.Handle;

    /// <summary>Starts a child that inherits the socket.</summary>
    /// <exception cref="IOException">The descriptor's flags cannot be set.</exception>
    public T HandTo<T>(Func<T> start)
    {
        lock (Starting)
        {
            SetFlags(0);
            try { return start(); }
            finally { SetFlags(CloseOnExec); }
        }
    }

    /// <summary>Starts a child that inherits none: in a process that keeps sockets, every other child goes this way.</summary>
    public static T StartBeside<T>(Func<T> start)
    {
        lock (Starting) return start();
    }

    private void SetFlags(int flags)
    {
        if (Control(Descriptor, SetDescriptorFlags, flags) < 0)
            throw new IOException($"fcntl on descriptor {Descriptor}: error {Marshal.GetLastPInvokeError()}");
    }

    public void Dispose() => _socket.Dispose();

    [LibraryImport("libc", EntryPoint = "fcntl", SetLastError = true)]
    private static partial int Control(int descriptor, int command, int argument);
}
