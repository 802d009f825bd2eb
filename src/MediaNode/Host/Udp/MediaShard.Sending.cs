using VideoScale.MediaNode.Forwarding;
using VideoScale.MediaNode.Host.Dtls;

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

    bool IPacketSink.CommitRtp(int peer, int length)
    {
        if (_reserved is not { State: TransportState.Connected, Sender: { } sender, Destination: { } destination }) return false;
        var sealedLength = sender.ProtectRtp(_socket.Outgoing.NextSlot, length);
        if (sealedLength <= 0) return false;
        _socket.Outgoing.Add(destination, sealedLength);
        return true;
    }

    bool IPacketSink.CommitRtcp(int peer, int length)
    {
        if (_reserved is not { State: TransportState.Connected, Sender: { } sender, Destination: { } destination }) return false;
        var sealedLength = sender.ProtectRtcp(_socket.Outgoing.NextSlot, length);
        if (sealedLength <= 0) return false;
        _socket.Outgoing.Add(destination, sealedLength);
        return true;
    }

    /// <summary>The kernel had no room for it: of media the engine takes its count back; the rest comes again by itself.</summary>
    private void NotSent(Destination destination, ReadOnlySpan<byte> datagram)
    {
        if (!IsMedia(datagram) || IsRtcp(datagram)) return;
        if (_peers.Find(destination.Address) is { Sender: { } sender } peer) Engine.TakeBack(peer.Id, datagram, sender.RtpOverhead);
    }
}
