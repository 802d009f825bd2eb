using System.Net.Sockets;
using VideoScale.MediaNode.Ice;
using VideoScale.MediaNode.Tcp;

namespace VideoScale.MediaNode.Host.Tcp;

/// <summary>What a step of a connection came to.</summary>
internal enum TcpProgress : byte { Done, Waiting, Ended }

/// <summary>One accepted connection. Its owner's thread alone uses it; the owner is told when something can be done for it.</summary>
internal sealed class TcpConnection : IDisposable
{
    /// <summary>At a time, so that what has been sent is seen to go.</summary>
    private const int SendOctets = 4 << 10;
    /// <summary>
    /// What the kernel is to hold unsent beyond what is on the wire, a segment more or less: what waits there cannot be dropped any more.
    /// </summary>
    private const int UnsentOctets = 16 << 10;
    private const int TcpLevel = 6;             // IPPROTO_TCP
    private const int NotSentLowWater = 25;     // TCP_NOTSENT_LOWAT, linux/tcp.h

    private readonly Socket _socket;
    private readonly IConnectionOwner _owner;
    private readonly FrameReader _reader;
    private readonly SocketAsyncEventArgs _receiving = new(), _sending = new();
    private readonly Lock _gate = new();
    private bool _isReceiving, _isSending;
    private volatile bool _hasReceived, _hasSent;

    /// <param name="reader">With what has come already.</param>
    internal TcpConnection(Socket socket, TransportAddress remote, FrameReader reader, IConnectionOwner owner, PacketQueue queue)
    {
        (_socket, _reader, _owner, Remote, Queue) = (socket, reader, owner, remote, queue);
        socket.Blocking = false;
        _receiving.Completed += (_, _) =>
        {
            _hasReceived = true;
            TellOwner();
        };
        _sending.Completed += (_, _) =>
        {
            _hasSent = true;
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

    /// <summary>For a socket that was just accepted.</summary>
    internal static void Prepare(Socket socket)
    {
        socket.NoDelay = true;
        if (OperatingSystem.IsLinux()) socket.SetRawSocketOption(TcpLevel, NotSentLowWater, BitConverter.GetBytes(UnsentOctets));
    }

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

    /// <summary>Writes as much of what waits as the kernel takes.</summary>
    internal TcpProgress Send()
    {
        if (_isSending)
        {
            if (!_hasSent) return TcpProgress.Waiting;
            if (!TakeSent()) return TcpProgress.Ended;
        }
        while (Queue.Octets > 0)
        {
            var sent = _socket.Send(Queue.Next.Span, SocketFlags.None, out var error);
            if (error is SocketError.Success)
            {
                Queue.Sent(sent);
                continue;
            }
            if (error is not SocketError.WouldBlock) return TcpProgress.Ended;
            _sending.SetBuffer(Queue.Next[..Math.Min(Queue.Next.Length, SendOctets)]);
            (_hasSent, _isSending) = (false, true);
            if (_socket.SendAsync(_sending)) return TcpProgress.Waiting;
            if (!TakeSent()) return TcpProgress.Ended;
        }
        return TcpProgress.Done;
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
        _sending.Dispose();
    }

    public void Dispose() => Close(isStuck: false);

    private bool TakeSent()
    {
        _isSending = false;
        if (_sending.SocketError is not SocketError.Success) return false;
        Queue.Sent(_sending.BytesTransferred);
        return true;
    }

    /// <summary>Under the gate, so that an owner that has closed all its connections hears of none again.</summary>
    private void TellOwner()
    {
        lock (_gate)
        {
            if (!IsClosed) _owner.Ready(this);
        }
    }
}
