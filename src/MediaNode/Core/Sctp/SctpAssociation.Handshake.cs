using System.Buffers.Binary;

namespace VideoScale.MediaNode.Sctp;

/// <summary>How it begins (RFC 9260 §5): both sides may, and a side that begins anew takes the other with it.</summary>
public sealed partial class SctpAssociation
{
    private const int InitLength = 16;
    private static readonly byte[] Extensions = [(byte)ChunkType.Reconfiguration, (byte)ChunkType.ForwardTsn];

    private byte[] _cookie = [];
    private bool _owesCookieAck;
    private long _handshakeAtUs = long.MaxValue;
    private long _handshakeTimeoutUs, _handshakeSentUs;
    private StateCookie _offered;

    /// <summary>How often the association stands anew: what was on its way when that grew is lost.</summary>
    internal int Beginnings { get; private set; }

    /// <summary>Begins it from here; a peer that believes in an association of before begins anew with us.</summary>
    public void Connect(long nowUs)
    {
        if (State is not SctpState.Closed) return;
        (_localTag, _localTsn) = (_numbers.Next(), _numbers.Next());
        State = SctpState.CookieWait;
        (_handshakeAtUs, _handshakeTimeoutUs) = (nowUs, _options.InitialTimeoutUs);
    }

    private void OnInit(ReadOnlySpan<byte> value, ushort port, long nowUs)
    {
        if (!TryReadInit(value, out var peer, out _)) return;
        // Both begin: one association comes of it, so we say the same to whoever begins.
        var isBeginning = State is SctpState.CookieWait or SctpState.CookieEchoed;
        var cookie = peer with
        {
            LocalTag = isBeginning ? _localTag : _numbers.Next(),
            LocalTsn = isBeginning ? _localTsn : _numbers.Next(),
            MadeUs = nowUs,
        };
        if (State is SctpState.Closed or SctpState.Aborted) _peerPort = port;
        Span<byte> init = stackalloc byte[128], sealedCookie = stackalloc byte[StateCookie.Length];
        cookie.Write(sealedCookie, _numbers);
        Reply(ChunkType.InitAck, 0, cookie.PeerTag, init[..WriteInit(init, cookie.LocalTag, cookie.LocalTsn, sealedCookie)]);
    }

    private bool OnInitAck(ReadOnlySpan<byte> value, ushort port, long nowUs)
    {
        if (State is not SctpState.CookieWait || !TryReadInit(value, out var peer, out var cookie) || cookie.IsEmpty) return false;
        _offered = peer with { LocalTag = _localTag, LocalTsn = _localTsn };
        (_peerTag, _peerPort, _cookie) = (peer.PeerTag, port, cookie.ToArray());
        State = SctpState.CookieEchoed;
        (_handshakeAtUs, _handshakeTimeoutUs) = (nowUs, _options.InitialTimeoutUs);
        return false;
    }

    /// <returns>Whether what comes with it belongs to the association that stands now.</returns>
    private bool OnCookieEcho(ReadOnlySpan<byte> value, uint tag, ushort port, long nowUs)
    {
        if (!StateCookie.TryRead(value, _numbers, out var cookie) || cookie.LocalTag != tag) return false;
        if (nowUs - cookie.MadeUs > _options.CookieLifeUs) return false; // so late that the peer has begun anew by itself
        if (State is SctpState.Established or SctpState.ShuttingDown)
        {
            if (cookie.PeerTag == _peerTag && cookie.LocalTag != _localTag) return false; // of a handshake that was given up
            if (cookie.PeerTag == _peerTag) return _owesCookieAck = true;                 // our answer was lost
        }
        else if (State is SctpState.CookieWait or SctpState.CookieEchoed && cookie.LocalTag != _localTag) return false;
        _peerPort = port;
        Establish(cookie);
        return _owesCookieAck = true;
    }

    private void OnCookieAck()
    {
        if (State is SctpState.CookieEchoed) Establish(_offered);
    }

    /// <summary>Our cookie came too late: from the beginning.</summary>
    private void OnError(ReadOnlySpan<byte> value, long nowUs)
    {
        const ushort StaleCookie = 3;
        if (State is not SctpState.CookieEchoed || value.Length < 4 || BinaryPrimitives.ReadUInt16BigEndian(value) != StaleCookie) return;
        State = SctpState.CookieWait;
        _handshakeAtUs = nowUs;
    }

    private void Establish(in StateCookie agreed)
    {
        (_localTag, _localTsn, _peerTag, _peerStreams) = (agreed.LocalTag, agreed.LocalTsn, agreed.PeerTag, agreed.PeerStreams);
        _queue.Restart();
        _incoming = new IncomingData(_options, agreed.PeerTsn);
        _outgoing = new OutgoingData(_options, _queue, agreed);
        RestartResets(agreed);
        (State, _handshakeAtUs, _owesShutdownAck, AbortReason) = (SctpState.Established, long.MaxValue, false, "");
        Beginnings++;
    }

    private void AdvanceHandshake(long nowUs)
    {
        if (State is not (SctpState.CookieWait or SctpState.CookieEchoed) || _handshakeAtUs != long.MaxValue) return;
        if (nowUs < _handshakeSentUs + _handshakeTimeoutUs) return;
        _handshakeTimeoutUs = Math.Min(2 * _handshakeTimeoutUs, _options.MaxTimeoutUs);
        _handshakeAtUs = nowUs;
    }

    private int NextHandshake(Span<byte> into, long nowUs)
    {
        if (nowUs < _handshakeAtUs) return 0;
        (_handshakeAtUs, _handshakeSentUs) = (long.MaxValue, nowUs);
        var isInit = State is SctpState.CookieWait;
        var packet = new PacketWriter(into[.._options.MaxPacketOctets], SctpOptions.Port, _peerPort, isInit ? 0 : _peerTag);
        if (isInit)
        {
            Span<byte> init = stackalloc byte[64];
            init = init[..WriteInit(init, _localTag, _localTsn, [])];
            init.CopyTo(packet.Chunk(ChunkType.Init, 0, init.Length));
        }
        else _cookie.CopyTo(packet.Chunk(ChunkType.CookieEcho, 0, _cookie.Length));
        return packet.Finish();
    }

    private int WriteInit(Span<byte> value, uint tag, uint tsn, ReadOnlySpan<byte> cookie)
    {
        BinaryPrimitives.WriteUInt32BigEndian(value, tag);
        BinaryPrimitives.WriteUInt32BigEndian(value[4..], (uint)_options.ReceiveWindowOctets);
        BinaryPrimitives.WriteUInt16BigEndian(value[8..], _options.MaxStreams);
        BinaryPrimitives.WriteUInt16BigEndian(value[10..], _options.MaxStreams);
        BinaryPrimitives.WriteUInt32BigEndian(value[12..], tsn);
        var length = InitLength;
        WriteParameter(value, ref length, ParameterType.ForwardTsnSupported, []);
        WriteParameter(value, ref length, ParameterType.SupportedExtensions, Extensions);
        if (!cookie.IsEmpty) WriteParameter(value, ref length, ParameterType.StateCookie, cookie);
        return length;
    }

    private static void WriteParameter(Span<byte> value, ref int length, ParameterType type, ReadOnlySpan<byte> content)
    {
        length = (length + 3) & ~3;
        BinaryPrimitives.WriteUInt16BigEndian(value[length..], (ushort)type);
        BinaryPrimitives.WriteUInt16BigEndian(value[(length + 2)..], (ushort)(TlvReader.HeaderLength + content.Length));
        value[(length + TlvReader.HeaderLength)..((length + TlvReader.HeaderLength + content.Length + 3) & ~3)].Clear();
        content.CopyTo(value[(length + TlvReader.HeaderLength)..]);
        length += TlvReader.HeaderLength + content.Length;
    }

    /// <summary>Reads INIT and INIT ACK, which are alike but for the cookie.</summary>
    private bool TryReadInit(ReadOnlySpan<byte> value, out StateCookie peer, out ReadOnlySpan<byte> cookie)
    {
        peer = default;
        cookie = default;
        if (value.Length < InitLength) return false;
        var (forwards, reconfigures) = (false, false);
        var parameters = new TlvReader(value[InitLength..]);
        while (parameters.Next())
        {
            if (parameters.Type is ParameterType.ForwardTsnSupported) forwards = true;
            else if (parameters.Type is ParameterType.SupportedExtensions)
                reconfigures |= parameters.Value.Contains((byte)ChunkType.Reconfiguration);
            else if (parameters.Type is ParameterType.StateCookie && parameters.Value.Length <= _options.MaxPacketOctets / 2)
                cookie = parameters.Value;
        }
        peer = new StateCookie(0, BinaryPrimitives.ReadUInt32BigEndian(value), 0, BinaryPrimitives.ReadUInt32BigEndian(value[12..]),
            BinaryPrimitives.ReadUInt32BigEndian(value[4..]), BinaryPrimitives.ReadUInt16BigEndian(value[10..]), forwards, reconfigures, 0);
        return peer.PeerTag != 0 && peer.PeerStreams != 0;
    }
}
