using VideoScale.MediaNode.Host.Dtls;
using VideoScale.MediaNode.Host.Tcp;
using VideoScale.MediaNode.Ice;

namespace VideoScale.MediaNode.Host.Udp;

/// <summary>What comes in, as datagrams or over connections: checks, handshakes and media of all peers.</summary>
public sealed partial class MediaShard
{
    private readonly byte[] _stunAnswer = new byte[256];
    private readonly CheckBudget _checks = new(slots: 1024);
    private readonly byte[] _applicationData = new byte[2048];

    /// <summary>Tells the kinds apart by their first octet (RFC 7983).</summary>
    private void Handle(Span<byte> datagram, in TransportAddress from, long nowUs)
    {
        if (datagram.IsEmpty) return;
        _socket.Statistics.ReceivedOctets += datagram.Length;
        if (datagram[0] <= 3)
        {
            HandleStun(datagram, from, nowUs);
            return;
        }
        if (_peers.Find(from) is not { } peer)
        {
            Strangers++;
            return;
        }
        if (datagram[0] is >= 20 and <= 63) HandleDtls(peer, datagram, nowUs);
        else if (IsMedia(datagram) && peer.Receiver is { } receiver)
        {
            var isRtcp = IsRtcp(datagram);
            var length = isRtcp ? receiver.UnprotectRtcp(datagram) : receiver.UnprotectRtp(datagram);
            if (length < 0) return;
            peer.HeardUs = nowUs;
            if (isRtcp) Engine.HandleRtcp(peer.Id, datagram[..length], nowUs);
            else Engine.HandleRtp(peer.Id, datagram[..length], nowUs);
        }
    }

    private static bool IsMedia(ReadOnlySpan<byte> datagram) => datagram[0] is >= 128 and <= 191 && datagram.Length >= 2;

    /// <summary>RTCP packet types as they look to RTP: 64 to 95 (RFC 5761 §4).</summary>
    private static bool IsRtcp(ReadOnlySpan<byte> datagram) => (datagram[1] & 0x7F) is >= 64 and <= 95;

    private void HandleStun(Span<byte> datagram, in TransportAddress from, long nowUs)
    {
        // What names no peer of ours costs one look-up, before any hash is computed.
        if (!StunMessage.TryParse(datagram, out var message) || _peers.Find(message.Username) is not { } peer)
        {
            Strangers++;
            return;
        }
        var connection = from.IsTcp ? _connections.GetValueOrDefault(from) : null;
        if (connection?.Peer is { } id && id != peer.Id)
        {
            Strangers++; // a connection is one peer's
            return;
        }
        var isKnown = from == peer.Ice.Selected;
        var budget = isKnown ? peer.Checks : _checks;
        if (!budget.Allows(from, isKnown, nowUs))
        {
            ChecksIgnored++;
            return;
        }
        var outcome = peer.Ice.Handle(message, from, nowUs, _stunAnswer, out var length);
        var isPrevious = outcome is IceOutcome.Ignored && peer.PreviousIce is not null;
        if (isPrevious) outcome = peer.PreviousIce!.Handle(message, from, nowUs, _stunAnswer, out length);
        if (outcome is IceOutcome.Ignored)
        {
            ChecksRefused++;
            budget.Failed(from, nowUs);
            return;
        }
        peer.HeardUs = nowUs;
        if (connection is not null) Claim(peer, connection);
        if (outcome is IceOutcome.AnswerAndMove && !isPrevious) Move(peer, from, connection);
        if (peer.State is TransportState.Failed && peer.Dtls.State is DtlsState.Connected && peer.Ice.HasConsent(nowUs))
            Change(peer, TransportState.Connected);
        Answer(peer, from, connection, _stunAnswer.AsSpan(0, length));
    }

    /// <summary>A check of another pair is answered where it came from, which need not be where media goes.</summary>
    private void Answer(ShardPeer peer, in TransportAddress from, TcpConnection? connection, ReadOnlySpan<byte> answer)
    {
        if (connection is not null)
        {
            Queue(connection, answer);
            return;
        }
        answer.CopyTo(NextSlot());
        var destination = peer.Destination is { } selected && selected.Address == from ? selected : new Destination(_socket.Family, from);
        _socket.Outgoing.Add(destination, answer.Length);
    }

    private void Move(ShardPeer peer, in TransportAddress to, TcpConnection? connection)
    {
        if (_socket.Outgoing.Count > 0) _socket.Flush();
        _peers.Move(peer, to, _socket.Family, connection);
        if (peer.State is TransportState.New) Change(peer, peer.Sender is null ? TransportState.Checked : TransportState.Connected);
    }

    private void HandleDtls(ShardPeer peer, ReadOnlySpan<byte> datagram, long nowUs)
    {
        const byte Handshake = 22; // its content type (RFC 6347 §4.1)
        if (datagram[0] == Handshake) peer.Handshake.Heard(nowUs);
        _handshaking = peer;
        peer.Dtls.Handle(datagram, _sendDtls);
        var hasData = false;
        while (peer.Dtls.Read(_applicationData, _sendDtls) is > 0 and var length) // alerts are met here
        {
            hasData = true;
            HandleData(peer, _applicationData.AsSpan(0, length), nowUs);
        }
        if (peer.TryKey(_options.Aead)) Change(peer, TransportState.Connected);
        if (hasData)
        {
            peer.HeardUs = nowUs;
            PumpData(peer, nowUs);
        }
        if (peer.Dtls.State is DtlsState.Failed && peer.State is not TransportState.Failed) Change(peer, TransportState.Failed);
        if (peer.Dtls.State is DtlsState.Closed && peer.State is not TransportState.Closed) Change(peer, TransportState.Closed);
    }
}
