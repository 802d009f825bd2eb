using System.Net.Sockets;
using VideoScale.MediaNode.Ice;
using VideoScale.MediaNode.Tcp;

namespace VideoScale.MediaNode.Host.Tcp;

/// <summary>What a step of a connection came to.</summary>
internal enum TcpProgress : byte { Done, Waiting, Ended }

/// <summary>One accepted connection. Its owner's thread alone uses it; the owner is told when something can be done for it.</summary>
internal sealed class TcpConnection : IDisposable
{
    private readonly Socket _socket;
    private readonly IConnectionOwner _owner;
    private readonly FrameReader _reader;
    private readonly SocketAsyncEventArgs _receiving = new();
    private readonly Lock _gate = new();
    private readonly int _descriptor;
    private bool _isReceiving;
    private volatile bool _hasReceived;

    /// <param name="reader">With what has come already.</param>
    internal TcpConnection(Socket socket, TransportAddress remote, FrameReader reader, IConnectionOwner owner, PacketQueue queue)
    {
        (_socket, _reader, _owner, Remote, Queue) = (socket, reader, owner, remote, queue);
        socket.Blocking = false;
        _descriptor = (int)socket.Handle;
        _receiving.Completed += (_, _) =>
        {
            _hasReceived = true;
            TellOwner();
        };
    }

    internal TransportAddress Remote { get; }
    internal PacketQueue Queue { get; }
    internal bool IsClosed { get; private set; }
    /// <summary>Whose first check came this way; null before it has come.</summary>
    internal int? Peer { get; set; }
    /// <summary>When something last came.</summary>
    internal long HeardUs { get; set; }
    /// <summary>It waits for its owner's next flush.</summary>
    internal bool IsMarked { get; set; }

    internal bool TryRead(out Span<byte> packet) => _reader.TryRead(out packet);

    /// <summary>Takes in what has come, once all whole packets have been read.</summary>
    internal TcpProgress Receive()
    {
        if (_reader.IsBroken) return TcpProgress.Ended;
        if (!_isReceiving)
        {
            _receiving.SetBuffer(_reader.Room);
            (_hasReceived, _isReceiving) = (false, true);
            if (_socket.ReceiveAsync(_receiving)) return TcpProgress.Waiting;
        }
        else if (!_hasReceived) return TcpProgress.Waiting;
        _isReceiving = false;
        if (_receiving.SocketError is not SocketError.Success || _receiving.BytesTransferred == 0) return TcpProgress.Ended;
        _reader.Received(_receiving.BytesTransferred);
        return TcpProgress.Done;
    }

    /// <summary>
    /// Writes what waits, as much as the kernel may hold unsent: what waits there cannot be dropped any more. To be tried again each tick.
    /// </summary>
    internal TcpProgress Send()
    {
        if (Queue.Octets == 0) return TcpProgress.Done;
        for (var room = Queue.MostUnsent - TcpCalls.Unsent(_descriptor); room > 0 && Queue.Octets > 0;)
        {
            var next = Queue.Next.Span;
            var sent = _socket.Send(next[..Math.Min(next.Length, room)], SocketFlags.None, out var error);
            if (error is SocketError.WouldBlock) break;
            if (error is not SocketError.Success) return TcpProgress.Ended;
            Queue.Sent(sent);
            room -= sent;
        }
        return Queue.Octets == 0 ? TcpProgress.Done : TcpProgress.Waiting;
    }

    /// <summary>Closes it; what waits is lost, and its owner hears no more of it.</summary>
    /// <param name="isStuck">Nobody reads: the kernel is not to go on trying.</param>
    internal void Close(bool isStuck)
    {
        lock (_gate)
        {
            if (IsClosed) return;
            IsClosed = true;
        }
        if (isStuck) _socket.LingerState = new LingerOption(enable: true, seconds: 0);
        _socket.Dispose();
        _receiving.Dispose();
    }

    public void Dispose() => Close(isStuck: false);

    /// <summary>Under the gate, so that an owner that has closed all its connections hears of none again.</summary>
    private void TellOwner()
    {
        lock (_gate)
        {
            if (!IsClosed) _owner.Ready(this);
        }
    }
}
