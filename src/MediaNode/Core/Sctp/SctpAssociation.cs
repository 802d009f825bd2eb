namespace VideoScale.MediaNode.Sctp;

/// <summary>
/// One SCTP association over packets that the caller carries (RFC 9260, RFC 8261): what it is given comes in, what it has to say is asked
/// for, and time is an argument in microseconds, greater than zero and never going back.
/// </summary>
/// <remarks>
/// The subset that data channels use (RFC 8831): partial reliability (RFC 3758), resets of streams (RFC 6525), one path, no interleaving.
/// Nothing that a peer sends makes it throw or keep more than <see cref="SctpOptions"/> allows; DTLS has said who the peer is.
/// </remarks>
public sealed partial class SctpAssociation
{
    /// <summary>Answers that wait to be sent; a peer that asks faster is not answered.</summary>
    private const int MaxReplies = 8;

    private readonly SctpOptions _options;
    private readonly NumberSource _numbers;
    private readonly SendQueue _queue = new();
    private readonly Queue<byte[]> _replies = new();
    private ushort _peerPort = SctpOptions.Port;
    private uint _localTag, _localTsn, _peerTag;
    private ushort _peerStreams;
    private IncomingData? _incoming;
    private OutgoingData? _outgoing;
    private bool _owesShutdownAck;

    /// <param name="secret">Random octets, 16 at least.</param>
    public SctpAssociation(ReadOnlySpan<byte> secret) : this(new NumberSource(secret.ToArray()), null) { }

    internal SctpAssociation(NumberSource numbers, SctpOptions? options) => (_numbers, _options) = (numbers, options ?? new SctpOptions());

    public SctpState State { get; private set; }
    /// <summary>Why the state is <see cref="SctpState.Aborted"/>.</summary>
    public string AbortReason { get; private set; } = "";
    /// <summary>Octets that were taken to be sent and are not acknowledged, with what keeping them costs.</summary>
    public int BufferedOctets => _queue.Octets + (_outgoing?.OutstandingOctets ?? 0);
    /// <summary>Octets that the peer has acknowledged since the association stands.</summary>
    public long AckedOctets => _outgoing?.AckedOctets ?? 0;

    /// <summary>Of a stream, octets that were not sent at all yet.</summary>
    public int WaitingOctets(ushort stream) => _queue.OctetsOf(stream);

    /// <summary>Takes a message to be sent once there is an association. Its octets must not change.</summary>
    /// <returns>False when there is no room for it, or no such stream.</returns>
    public bool Send(ushort stream, uint protocol, ReadOnlyMemory<byte> payload, in Delivery delivery, long nowUs)
    {
        if (State is SctpState.Aborted or SctpState.ShuttingDown || payload.Length is 0 or > SctpOptions.MaxMessageOctets) return false;
        if (_outgoing is not null && stream >= _peerStreams) return false;
        if (_resetting.Contains(stream) || BufferedOctets + payload.Length > _options.SendBufferOctets) return false;
        _queue.Add(new OutgoingMessage(stream, protocol, payload, delivery, nowUs));
        return true;
    }

    /// <summary>The next message that is whole and in order; until it is taken it fills the window.</summary>
    public bool TryReceive(out SctpMessage message, long nowUs)
    {
        message = default;
        return _incoming is { } incoming && incoming.TryTake(out message, nowUs);
    }

    /// <summary>A packet has come.</summary>
    public void Handle(ReadOnlySpan<byte> packet, long nowUs)
    {
        if (!PacketReader.TryOpen(packet, out var reader) || reader.DestinationPort != SctpOptions.Port) return;
        for (var isFirst = true; reader.Next(); isFirst = false)
            if (!HandleChunk(ref reader, isFirst, nowUs)) return;
    }

    /// <summary>Time has passed.</summary>
    public void Advance(long nowUs)
    {
        AdvanceHandshake(nowUs);
        if (State is not (SctpState.Established or SctpState.ShuttingDown)) return;
        _outgoing!.Advance(nowUs);
        AdvanceReset(nowUs);
    }

    /// <summary>Writes what is to be sent now; to be asked until there is nothing more.</summary>
    /// <param name="into">Room for <see cref="SctpOptions.MaxPacketOctets"/>.</param>
    /// <returns>Its length; 0 when there is nothing.</returns>
    public int NextPacket(Span<byte> into, long nowUs)
    {
        if (_replies.TryDequeue(out var reply))
        {
            reply.CopyTo(into);
            return reply.Length;
        }
        if (State is SctpState.CookieWait or SctpState.CookieEchoed) return NextHandshake(into, nowUs);
        if (State is not (SctpState.Established or SctpState.ShuttingDown)) return 0;
        var packet = new PacketWriter(into[.._options.MaxPacketOctets], SctpOptions.Port, _peerPort, _peerTag);
        if (_owesCookieAck) packet.Chunk(ChunkType.CookieAck, 0, 0);
        _owesCookieAck = false;
        if (nowUs >= _incoming!.AckAtUs) _incoming.WriteSack(ref packet);
        WriteResets(ref packet, nowUs);
        _outgoing!.WriteTo(ref packet, nowUs);
        if (_owesShutdownAck && _outgoing.IsIdle && packet.Room >= 0)
        {
            packet.Chunk(ChunkType.ShutdownAck, 0, 0);
            _owesShutdownAck = false;
        }
        return packet.IsEmpty ? 0 : packet.Finish();
    }

    /// <summary>Ends it at once; the peer is told.</summary>
    public void Abort(string reason)
    {
        if (State is SctpState.Aborted) return;
        if (State is SctpState.Established or SctpState.ShuttingDown) Reply(ChunkType.Abort, 0, _peerTag, []);
        (State, AbortReason, _incoming, _outgoing) = (SctpState.Aborted, reason, null, null);
    }

    /// <returns>Whether the packet's other chunks are looked at.</returns>
    private bool HandleChunk(ref PacketReader reader, bool isFirst, long nowUs)
    {
        if (reader.Type is ChunkType.Init)
        {
            if (isFirst && reader.IsLast && reader.Tag == 0) OnInit(reader.Value, reader.SourcePort, nowUs);
            return false;
        }
        if (reader.Type is ChunkType.CookieEcho) return isFirst && OnCookieEcho(reader.Value, reader.Tag, reader.SourcePort, nowUs);
        if (State is SctpState.Closed or SctpState.Aborted) return OnStray(ref reader);
        const byte ReflectsTag = 1; // whoever has no association any more knows no tag but the other's
        var isReflected = reader.Type is ChunkType.Abort or ChunkType.ShutdownComplete && (reader.Flags & ReflectsTag) != 0;
        if (reader.Tag != (isReflected ? _peerTag : _localTag)) return false;
        switch (reader.Type)
        {
            case ChunkType.InitAck: return OnInitAck(reader.Value, reader.SourcePort, nowUs);
            case ChunkType.CookieAck: OnCookieAck(); return true;
            case ChunkType.Error: OnError(reader.Value, nowUs); return true;
            case ChunkType.Heartbeat: Reply(ChunkType.HeartbeatAck, 0, _peerTag, reader.Value); return true;
            case ChunkType.Abort:
                (State, AbortReason, _incoming, _outgoing) = (SctpState.Aborted, "the peer has ended it", null, null);
                return false;
            default: return State is SctpState.Established or SctpState.ShuttingDown && HandleEstablished(ref reader, nowUs);
        }
    }

    private bool HandleEstablished(ref PacketReader reader, long nowUs)
    {
        switch (reader.Type)
        {
            case ChunkType.Data:
                if (_incoming!.Handle((DataFlags)reader.Flags, reader.Value, nowUs)) return true;
                Abort($"a message of more than {SctpOptions.MaxMessageOctets} octets");
                return false;
            case ChunkType.Sack: _outgoing!.HandleSack(reader.Value, nowUs); return true;
            case ChunkType.ForwardTsn: _incoming!.HandleForward(reader.Value, nowUs); return true;
            case ChunkType.Reconfiguration: OnReconfiguration(reader.Value, nowUs); return true;
            case ChunkType.Shutdown:
                (State, _owesShutdownAck) = (SctpState.ShuttingDown, true);
                return true;
            case ChunkType.ShutdownComplete:
                (State, _incoming, _outgoing) = (SctpState.Closed, null, null);
                return false;
            default: return ((byte)reader.Type & 0x80) != 0; // what is unknown says by its first bit whether the rest counts
        }
    }

    /// <summary>Of an association that has ended here: who goes on in it is told so (RFC 9260 §8.4).</summary>
    private bool OnStray(ref PacketReader reader)
    {
        const byte ReflectsTag = 1;
        if (State is SctpState.Aborted && reader.Type is ChunkType.Data or ChunkType.Sack)
            Reply(ChunkType.Abort, ReflectsTag, reader.Tag, []);
        return false;
    }

    private void Reply(ChunkType type, byte flags, uint tag, ReadOnlySpan<byte> value)
    {
        if (_replies.Count >= MaxReplies) return;
        Span<byte> buffer = stackalloc byte[2_048];
        var packet = new PacketWriter(buffer[.._options.MaxPacketOctets], SctpOptions.Port, _peerPort, tag);
        if (value.Length > packet.Room) return;
        value.CopyTo(packet.Chunk(type, flags, value.Length));
        _replies.Enqueue(buffer[..packet.Finish()].ToArray());
    }
}
