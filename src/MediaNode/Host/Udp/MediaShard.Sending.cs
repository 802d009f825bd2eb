using VideoScale.MediaNode.Forwarding;
using VideoScale.MediaNode.Host.Dtls;
using VideoScale.MediaNode.Tcp;

namespace VideoScale.MediaNode.Host.Udp;

/// <summary>What goes out: what the engine forwards is sealed where it will be sent from, and handshakes go the same way.</summary>
public sealed partial class MediaShard
{
    private readonly DtlsSession.DatagramSink _sendDtls;
    private ShardPeer? _handshaking;
    private ShardPeer? _reserved;

    private void SendDtls(ReadOnlySpan<byte> datagram)
    {
        if (_handshaking?.Destination is not { } destination) return;
        if (destination.Connection is { } connection)
        {
            const byte ApplicationData = 23; // its content type (RFC 6347 §4.1)
            if (datagram[0] != ApplicationData || connection.Queue.TakesData(datagram.Length, NowUs)) Queue(connection, datagram);
            return;
        }
        datagram.CopyTo(NextSlot());
        _socket.Outgoing.Add(destination, datagram.Length);
    }

    private Span<byte> NextSlot()
    {
        if (_socket.Outgoing.IsFull) _socket.Flush();
        return _socket.Outgoing.NextSlot;
    }

    Span<byte> IPacketSink.Reserve(int peer)
    {
        if (_reserved?.Id != peer) _reserved = _peers.Find(peer);
        return NextSlot();
    }

    bool IPacketSink.CommitRtp(int peer, int length, PacketKind kind)
    {
        if (_reserved is not { State: TransportState.Connected, Sender: { } sender, Destination: { } destination }) return false;
        var slot = _socket.Outgoing.NextSlot;
        if (kind is not PacketKind.Sound && destination.Connection is { } slow && !Takes(slow.Queue, kind, slot[..length]))
        {
            // As what the kernel has no room for: its receiver sees the hole, asks for it, and reports it as lost.
            Engine.TakeBack(peer, slot[..length], overhead: 0);
            return true;
        }
        return Send(destination, sender.ProtectRtp(slot, length));
    }

    bool IPacketSink.CommitRtcp(int peer, int length)
    {
        if (_reserved is not { State: TransportState.Connected, Sender: { } sender, Destination: { } destination }) return false;
        return Send(destination, sender.ProtectRtcp(_socket.Outgoing.NextSlot, length));
    }

    private bool Takes(PacketQueue queue, PacketKind kind, ReadOnlySpan<byte> packet) => kind is PacketKind.Picture
        ? queue.TakesPicture(packet, NowUs) : queue.TakesRepair(packet.Length, NowUs);

    /// <param name="length">Of what lies sealed in the next slot; none when sealing was refused.</param>
    private bool Send(Destination destination, int length)
    {
        if (length <= 0) return false;
        if (destination.Connection is { } connection) Queue(connection, _socket.Outgoing.NextSlot[..length]);
        else _socket.Outgoing.Add(destination, length);
        return true;
    }

    /// <summary>The kernel had no room for it: of media the engine takes its count back; the rest comes again by itself.</summary>
    private void NotSent(Destination destination, ReadOnlySpan<byte> datagram)
    {
        if (!IsMedia(datagram) || IsRtcp(datagram)) return;
        if (_peers.Find(destination.Address) is { Sender: { } sender } peer) Engine.TakeBack(peer.Id, datagram, sender.RtpOverhead);
    }
}
