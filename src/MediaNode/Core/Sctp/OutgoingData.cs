using System.Buffers.Binary;

namespace VideoScale.MediaNode.Sctp;

/// <summary>
/// What is sent: paced by the peer's window and the path's, sent again when it is lost, or given up (RFC 9260 §6, RFC 3758).
/// </summary>
internal sealed partial class OutgoingData
{
    private const int ChunkHeaderLength = 12;
    /// <summary>Smaller fragments are not worth a chunk of their own.</summary>
    private const int LeastFragment = 64;

    private readonly SctpOptions _options;
    private readonly SendQueue _queue;
    private readonly OutstandingChunks _chunks;
    private readonly CongestionWindow _congestion;
    private readonly RetransmissionTimer _timer;
    private readonly bool _forwards;
    private int _inFlight;
    private int _missing;
    private long _order;
    private long _timedOutUs;
    private uint _peerWindow;
    /// <summary>Leading chunks of which the peer is to be told that they never come.</summary>
    private int _given;
    private bool _forwardIsDue;
    private uint? _recoversUntil;

    internal OutgoingData(SctpOptions options, SendQueue queue, in StateCookie agreed)
    {
        (_options, _queue, _peerWindow, _forwards) = (options, queue, agreed.PeerWindow, agreed.ForwardsTsn);
        _chunks = new OutstandingChunks(agreed.LocalTsn);
        _congestion = new CongestionWindow(options.MaxPacketOctets, (int)Math.Min(agreed.PeerWindow, int.MaxValue));
        _timer = new RetransmissionTimer(options);
    }

    /// <summary>When what is on its way is taken for lost.</summary>
    internal long TimeoutAtUs { get; private set; } = long.MaxValue;
    internal int OutstandingOctets { get; private set; }
    internal bool IsIdle => _chunks.Count == 0 && _queue.IsEmpty;
    internal uint LastTsn => Serial.Previous(_chunks.NextTsn);
    internal long TimeoutUs => _timer.TimeoutUs;
    /// <summary>Octets that the peer has acknowledged.</summary>
    internal long AckedOctets { get; private set; }

    /// <summary>Nothing was acknowledged in time.</summary>
    internal void Advance(long nowUs)
    {
        if (nowUs < TimeoutAtUs) return;
        (TimeoutAtUs, _timedOutUs) = (long.MaxValue, nowUs);
        _recoversUntil = null;
        _congestion.TimedOut();
        _timer.BackOff();
        var isKept = _inFlight == 0 && _missing == 0;
        for (var i = 0; i < _chunks.Count; i++)
        {
            ref var chunk = ref _chunks[i];
            if (chunk.Fate is ChunkFate.InFlight) Lose(i, nowUs);
            // a peer that does not go on though it says it has the rest may have dropped it
            else if (isKept && chunk.Fate is ChunkFate.Acked && !chunk.Fragment.Message.IsAbandoned)
                SetFate(ref chunk, ChunkFate.Missing);
        }
        GiveUp();
        _forwardIsDue |= _given > 0;
        if (_chunks.Count > 0) TimeoutAtUs = nowUs + _timer.TimeoutUs;
    }

    /// <summary>Adds what may be sent now: first what is sent again.</summary>
    internal void WriteTo(ref PacketWriter packet, long nowUs)
    {
        WriteForward(ref packet);
        if (_missing > 0) WriteMissing(ref packet, nowUs);
        while (_missing == 0 && packet.Room >= ChunkHeaderLength + LeastFragment && MaySend())
        {
            if (!_queue.TryTake(packet.Room - ChunkHeaderLength, nowUs, out var fragment)) return;
            var chunk = new OutstandingChunk { Fragment = fragment };
            Write(ref packet, ref chunk, _chunks.NextTsn, nowUs);
            _chunks.Add(chunk);
            OutstandingOctets += fragment.Length + SendQueue.OverheadOctets;
        }
    }

    /// <summary>With nothing on its way, one chunk asks a peer without room whether it has some again.</summary>
    private bool MaySend() => _inFlight == 0 || (_inFlight < _congestion.Octets && _inFlight < _peerWindow);

    private void WriteMissing(ref PacketWriter packet, long nowUs)
    {
        for (var i = 0; i < _chunks.Count && _missing > 0; i++)
        {
            ref var chunk = ref _chunks[i];
            if (chunk.Fate is not ChunkFate.Missing) continue;
            if (chunk.Fragment.Length > packet.Room - ChunkHeaderLength || !MaySend()) return;
            if (chunk.Fragment.Message.IsExpired(nowUs))
            {
                Abandon(i);
                GiveUp();
                continue;
            }
            Write(ref packet, ref chunk, Serial.Add(_chunks.FirstTsn, (uint)i), nowUs);
        }
    }

    private void Write(ref PacketWriter packet, ref OutstandingChunk chunk, uint tsn, long nowUs)
    {
        var (message, offset, length) = chunk.Fragment;
        var value = packet.Chunk(ChunkType.Data, (byte)chunk.Fragment.Flags, ChunkHeaderLength + length);
        BinaryPrimitives.WriteUInt32BigEndian(value, tsn);
        BinaryPrimitives.WriteUInt16BigEndian(value[4..], message.Stream);
        BinaryPrimitives.WriteUInt16BigEndian(value[6..], message.Delivery.IsUnordered ? (ushort)0 : message.Number);
        BinaryPrimitives.WriteUInt32BigEndian(value[8..], message.Protocol);
        message.Payload.Span.Slice(offset, length).CopyTo(value[ChunkHeaderLength..]);
        if (chunk.Fate is ChunkFate.Missing) _missing--;
        (chunk.Fate, chunk.SentUs, chunk.Order, chunk.Misses) = (ChunkFate.InFlight, nowUs, ++_order, 0);
        chunk.Transmissions++;
        _inFlight += length;
        if (TimeoutAtUs == long.MaxValue) TimeoutAtUs = nowUs + _timer.TimeoutUs;
    }

    /// <summary>A chunk is taken for lost: it is sent again, or its message given up.</summary>
    private void Lose(int index, long nowUs)
    {
        ref var chunk = ref _chunks[index];
        var message = chunk.Fragment.Message;
        if (_forwards && (chunk.Transmissions > message.Delivery.MaxRetransmits || message.IsExpired(nowUs))) Abandon(index);
        else SetFate(ref chunk, ChunkFate.Missing);
    }

    /// <summary>No fragment of the chunk's message is sent any more; those that were stand around it.</summary>
    private void Abandon(int index)
    {
        var message = _chunks[index].Fragment.Message;
        message.IsAbandoned = true;
        // The peer may have all that was sent and wait for the rest: one more number, never sent, makes it hear that there is none.
        if (_queue.Abandon(message))
        {
            _chunks.Add(new OutstandingChunk { Fragment = new Fragment(message, message.Payload.Length, 0), Fate = ChunkFate.Abandoned });
            OutstandingOctets += SendQueue.OverheadOctets;
        }
        while (index > 0 && _chunks[index - 1].Fragment.Message == message) index--;
        for (; index < _chunks.Count && _chunks[index].Fragment.Message == message; index++)
            if (_chunks[index].Fate is not ChunkFate.Acked) SetFate(ref _chunks[index], ChunkFate.Abandoned);
    }

    private void SetFate(ref OutstandingChunk chunk, ChunkFate fate)
    {
        if (chunk.Fate is ChunkFate.InFlight) _inFlight -= chunk.Fragment.Length;
        if (chunk.Fate is ChunkFate.Missing) _missing--;
        if (fate is ChunkFate.Missing) _missing++;
        chunk.Fate = fate;
    }

    /// <summary>How far the peer may be told to go on without what is missing (RFC 3758 §3.5, C2).</summary>
    private void GiveUp()
    {
        var before = _given;
        var reach = _given;
        while (reach < _chunks.Count && _chunks[reach].Fate is ChunkFate.Abandoned or ChunkFate.Acked)
            if (_chunks[reach++].Fate is ChunkFate.Abandoned) _given = reach;
        _forwardIsDue |= _given > before;
    }

    private void WriteForward(ref PacketWriter packet)
    {
        const int Each = 4;
        if (!_forwardIsDue || packet.Room < sizeof(uint) + Each) return;
        Span<(ushort Stream, ushort Number)> streams = stackalloc (ushort, ushort)[Math.Min(64, packet.Room / Each - 1)];
        var count = 0;
        for (var i = 0; i < _given; i++)
        {
            var message = _chunks[i].Fragment.Message;
            if (message.Delivery.IsUnordered || !message.IsAbandoned) continue;
            var at = 0;
            while (at < count && streams[at].Stream != message.Stream) at++;
            if (at == streams.Length) break;
            streams[at] = (message.Stream, message.Number);
            count = Math.Max(count, at + 1);
        }
        var value = packet.Chunk(ChunkType.ForwardTsn, 0, sizeof(uint) + Each * count);
        BinaryPrimitives.WriteUInt32BigEndian(value, Serial.Previous(Serial.Add(_chunks.FirstTsn, (uint)_given)));
        for (var i = 0; i < count; i++)
        {
            BinaryPrimitives.WriteUInt16BigEndian(value[(sizeof(uint) + Each * i)..], streams[i].Stream);
            BinaryPrimitives.WriteUInt16BigEndian(value[(sizeof(uint) + Each * i + 2)..], streams[i].Number);
        }
        _forwardIsDue = false;
    }
}
