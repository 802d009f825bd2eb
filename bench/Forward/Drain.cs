using System.Net;
using VideoScale.MediaNode.Host.Udp;

namespace VideoScale.Bench.Forward;

/// <summary>Receives and forgets, on a thread of its own; counts what arrived.</summary>
internal sealed class Drain : IDisposable
{
    public const int Sockets = 16;
    public const int FirstRemotePort = 27_700;

    private readonly List<IDatagramSocket> _sockets = [];
    private readonly Thread _thread;
    private volatile bool _stopping;
    private long _received;

    public Drain(IPAddress address, int firstPort)
    {
        for (var i = 0; i < Sockets; i++) _sockets.Add(DatagramSockets.Bind(new IPEndPoint(address, firstPort == 0 ? 0 : firstPort + i)));
        _thread = new Thread(Run) { IsBackground = true };
        _thread.Start();
    }

    public IReadOnlyList<int> Ports => [.. _sockets.Select(socket => socket.LocalEndPoint.Port)];
    public long Received => Volatile.Read(ref _received);

    private void Run()
    {
        while (!_stopping)
        {
            var count = 0;
            foreach (var socket in _sockets) for (var more = socket.Receive(0); more > 0; more = socket.Receive(0)) count += more;
            if (count == 0) Thread.Sleep(1);
            Volatile.Write(ref _received, _received + count);
        }
    }

    public void Dispose()
    {
        _stopping = true;
        _thread.Join();
        foreach (var socket in _sockets) socket.Dispose();
    }
}
