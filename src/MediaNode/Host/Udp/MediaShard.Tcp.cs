using System.Collections.Concurrent;
using System.Net.Sockets;
using VideoScale.MediaNode.Host.Tcp;
using VideoScale.MediaNode.Ice;
using VideoScale.MediaNode.Tcp;

namespace VideoScale.MediaNode.Host.Udp;

/// <summary>Connections of peers that reach the node by TCP: each packet is handled as a datagram from that address would be.</summary>
public sealed partial class MediaShard : IConnectionOwner
{
    /// <summary>In one go, so that one fast connection leaves the others their turn.</summary>
    private const int ReadsPerTurn = 4;
    /// <summary>Clients check each pair that they keep at least twice in this time.</summary>
    private const long IdleUs = 60_000_000;
    /// <summary>One for each of a client's addresses and of ours, and the last ones of a way that it leaves.</summary>
    private const int MostOfPeer = 16;
    private const long LookUs = 1_000_000;

    private readonly ConcurrentQueue<TcpConnection> _ready = new();
    private readonly Dictionary<TransportAddress, TcpConnection> _connections = [];
    /// <summary>With something to send, which may be nothing; and, while they are gone through, those that are not done.</summary>
    private List<TcpConnection> _unsent = [], _waiting = [];
    private readonly List<TcpConnection> _ending = [];
    private long _nextLookUs;

    public TcpStatistics Tcp { get; } = new();

    void IConnectionOwner.Take(Socket socket, TransportAddress remote, FrameReader reader) =>
        ((IConnectionOwner)this).Ready(new TcpConnection(socket, remote, reader, this, new PacketQueue(Tcp.Drops)));

    void IConnectionOwner.Ready(TcpConnection connection)
    {
        _ready.Enqueue(connection);
        _socket.Wake();
    }

    private void ServeConnections()
    {
        for (var left = _ready.Count; left > 0 && _ready.TryDequeue(out var connection); left--)
        {
            if (connection.Peer is null) Welcome(connection);
            else Serve(connection);
        }
    }

    /// <summary>The check that came first has to be its peer's own: who only knows a fragment is not let in.</summary>
    private void Welcome(TcpConnection connection)
    {
        if (_connections.Remove(connection.Remote, out var former)) End(former, isStuck: false);
        _connections.Add(connection.Remote, connection);
        Tcp.Open++;
        if (connection.TryRead(out var check)) Handle(check, connection.Remote, NowUs);
        if (connection.Peer is null)
        {
            Tcp.Refused++;
            End(connection, isStuck: false);
            return;
        }
        Tcp.Taken++;
        Serve(connection);
    }

    private void Serve(TcpConnection connection)
    {
        var now = NowUs;
        for (var reads = 0; reads <= ReadsPerTurn && !connection.IsClosed; reads++)
        {
            while (!connection.IsClosed && connection.TryRead(out var packet))
            {
                connection.HeardUs = now;
                _socket.Statistics.Received++;
                Handle(packet, connection.Remote, now);
            }
            if (connection.IsClosed) return;
            if (reads == ReadsPerTurn)
            {
                ((IConnectionOwner)this).Ready(connection);
                break;
            }
            var progress = connection.Receive();
            if (progress is TcpProgress.Waiting) break;
            if (progress is not TcpProgress.Ended) continue;
            End(connection, isStuck: false);
            return;
        }
        Mark(connection);
    }

    /// <summary>Queues a packet that may not be dropped.</summary>
    private void Queue(TcpConnection connection, ReadOnlySpan<byte> packet)
    {
        connection.Queue.Add(packet, NowUs);
        _socket.Statistics.Sent++;
        _socket.Statistics.SentOctets += packet.Length;
        Mark(connection);
    }

    private void Mark(TcpConnection connection)
    {
        if (connection.IsMarked) return;
        connection.IsMarked = true;
        _unsent.Add(connection);
    }

    private void FlushConnections()
    {
        if (_unsent.Count == 0) return;
        foreach (var connection in _unsent)
        {
            connection.IsMarked = false;
            if (connection.IsClosed) continue;
            var progress = connection.Send();
            if (progress is TcpProgress.Ended || connection.Queue.IsOverfull) _ending.Add(connection);
            else if (progress is TcpProgress.Waiting)
            {
                connection.IsMarked = true;
                _waiting.Add(connection);
            }
        }
        (_unsent, _waiting) = (_waiting, _unsent);
        _waiting.Clear();
        EndThose();
    }

    /// <summary>Ends what nobody reads or uses.</summary>
    private void LookAtConnections(long nowUs)
    {
        if (nowUs < _nextLookUs) return;
        _nextLookUs = nowUs + LookUs;
        var waiting = 0L;
        foreach (var connection in _connections.Values)
        {
            waiting += connection.Queue.Octets;
            if (connection.Queue.IsStuck(nowUs) || nowUs - connection.HeardUs >= IdleUs) _ending.Add(connection);
        }
        Tcp.WaitingOctets = waiting;
        EndThose();
    }

    private void EndThose()
    {
        foreach (var connection in _ending)
        {
            if (connection.Queue.IsStuck(NowUs) || NowUs - connection.HeardUs >= IdleUs) Tcp.Abandoned++;
            End(connection, isStuck: true);
        }
        _ending.Clear();
    }

    /// <summary>Notes whose connection it is, once a check over it was its peer's.</summary>
    private void Claim(ShardPeer peer, TcpConnection connection)
    {
        if (connection.Peer is not null) return;
        (connection.Peer, connection.HeardUs) = (peer.Id, NowUs);
        peer.Connections.Add(connection);
        if (peer.Connections.Count <= MostOfPeer) return;
        Tcp.Abandoned++;
        End(peer.Connections.Find(one => one != peer.Destination?.Connection && one != connection)!, isStuck: false);
    }

    private void End(TcpConnection connection, bool isStuck)
    {
        if (connection.IsClosed) return;
        connection.Close(isStuck);
        Tcp.Open--;
        if (_connections.TryGetValue(connection.Remote, out var current) && current == connection) _connections.Remove(connection.Remote);
        if (connection.Peer is not { } id || _peers.Find(id) is not { } peer) return;
        peer.Connections.Remove(connection);
        if (peer.Destination?.Connection == connection) LosePath(peer);
    }

    /// <summary>Where its media went there is nobody any more; its client's next check, from anywhere, says where it goes on.</summary>
    private void LosePath(ShardPeer peer)
    {
        _reserved = null;
        _peers.Lose(peer);
        peer.Ice.Lose();
        if (peer.State is TransportState.Checked or TransportState.Connected) Change(peer, TransportState.New);
    }

    private void EndConnectionsOf(ShardPeer peer)
    {
        foreach (var connection in peer.Connections)
        {
            connection.Close(isStuck: false);
            Tcp.Open--;
            _connections.Remove(connection.Remote);
        }
        peer.Connections.Clear();
    }

    private void DisposeConnections()
    {
        foreach (var connection in _connections.Values) connection.Dispose();
        while (_ready.TryDequeue(out var arrived)) arrived.Dispose();
    }
}
