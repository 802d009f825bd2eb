using System.Diagnostics;
using System.Net;
using VideoScale.MediaNode.Host.Udp;
using VideoScale.MediaNode.Ice;

namespace VideoScale.Bench.StunFlood;

/// <summary>Sends one forged check again and again, from one address, at a steady rate, on a thread of its own.</summary>
internal sealed class Flood : IDisposable
{
    private readonly IDatagramSocket _socket = DatagramSockets.Bind(new IPEndPoint(IPAddress.Loopback, 0), segmentation: false);
    private readonly Thread _thread;
    private volatile bool _stopping;
    private long _sent;

    public Flood(int port, byte[] check, int perSecond)
    {
        var target = new Destination(_socket.Family, TransportAddress.V4(0x7F000001, (ushort)port));
        _thread = new Thread(() => Run(target, check, perSecond)) { IsBackground = true };
        _thread.Start();
    }

    public long Sent => Volatile.Read(ref _sent);
    /// <summary>What was sent back; to be read after the end.</summary>
    public int Answers { get; private set; }

    private void Run(Destination target, byte[] check, int perSecond)
    {
        var began = Stopwatch.GetTimestamp();
        while (!_stopping)
        {
            var due = (long)(Stopwatch.GetElapsedTime(began).TotalSeconds * perSecond) - _sent;
            for (; due > 0; due--)
            {
                if (_socket.Outgoing.IsFull) _socket.Flush();
                check.CopyTo(_socket.Outgoing.NextSlot);
                _socket.Outgoing.Add(target, check.Length);
                Volatile.Write(ref _sent, _sent + 1);
            }
            _socket.Flush();
            Thread.Sleep(1);
        }
    }

    public void Stop()
    {
        if (_stopping) return;
        _stopping = true;
        _thread.Join();
        Answers = _socket.Receive(50);
    }

    public void Dispose()
    {
        Stop();
        _socket.Dispose();
    }
}
