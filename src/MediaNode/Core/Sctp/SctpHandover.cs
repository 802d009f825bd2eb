namespace VideoScale.MediaNode.Sctp;

/// <summary>
/// All that an association is while nothing of it is on its way: whoever has it goes on in its place, and the peer notices nothing.
/// </summary>
/// <param name="NextTsn">Of the next chunk that we send.</param>
/// <param name="PeerTsn">The last one of the peer's; all up to it have been taken.</param>
/// <param name="PeerWindow">Octets that the peer has room for.</param>
/// <param name="RequestNumber">Of our next request to reset streams.</param>
/// <param name="PeerRequestNumber">Of the peer's next.</param>
/// <param name="Outgoing">Number of the next ordered message in each stream that had any.</param>
/// <param name="Incoming">The same of the peer's.</param>
public sealed record SctpHandover(uint LocalTag, uint PeerTag, ushort PeerPort, uint NextTsn, uint PeerTsn, uint PeerWindow,
    ushort PeerStreams, bool ForwardsTsn, bool Reconfigures, uint RequestNumber, uint PeerRequestNumber,
    IReadOnlyDictionary<ushort, ushort> Outgoing, IReadOnlyDictionary<ushort, ushort> Incoming);

/// <summary>How one association goes on in another place (dcSCTP and its users call it a handover).</summary>
public sealed partial class SctpAssociation
{
    private bool _isFrozen;

    /// <summary>Goes on where another left off.</summary>
    public SctpAssociation(ReadOnlySpan<byte> secret, SctpHandover from) : this(secret)
    {
        Establish(new StateCookie(from.LocalTag, from.PeerTag, from.NextTsn, Serial.Next(from.PeerTsn), from.PeerWindow, from.PeerStreams,
            from.ForwardsTsn, from.Reconfigures, 0));
        _peerPort = from.PeerPort;
        (_requestNumber, _peerRequestNumber) = (from.RequestNumber, from.PeerRequestNumber);
        _queue.GoOn(from.Outgoing);
        _incoming!.GoOn(from.Incoming);
    }

    /// <summary>
    /// Takes no more of the peer as soon as nothing of it is half here; what it sends from then on it keeps, and sends again elsewhere.
    /// </summary>
    /// <returns>The association as it is, once what we have sent is acknowledged too; null until then.</returns>
    public SctpHandover? TryHandOver()
    {
        if (State is not SctpState.Established) return null;
        _isFrozen |= _incoming!.IsClean;
        if (!_isFrozen || !_outgoing!.IsIdle || _resetting.Count > 0) return null;
        return new SctpHandover(_localTag, _peerTag, _peerPort, Serial.Next(_outgoing.LastTsn), _incoming.Cumulative,
            (uint)_options.ReceiveWindowOctets, _peerStreams, _outgoing.Forwards, _peerReconfigures, _requestNumber, _peerRequestNumber,
            _queue.Numbers(), _incoming.Numbers());
    }

    /// <summary>Messages that may not be lost and are not acknowledged, in the order in which they were to be sent.</summary>
    public IReadOnlyList<(ushort Stream, byte[] Payload)> Unacknowledged() =>
        [.. (_outgoing?.Outstanding() ?? []).Concat(_queue.Waiting()).Distinct().Where(message => message.Delivery.IsReliable)
            .Select(message => (message.Stream, message.Payload.ToArray()))];
}
