using System.Buffers.Binary;

namespace VideoScale.MediaNode.Sctp;

/// <summary>What the peer sends: its chunks are acknowledged, joined and put in order, within the window it was told.</summary>
internal sealed class IncomingData(SctpOptions options, uint initialTsn)
{
    /// <summary>What keeping a chunk or message costs besides its octets; so many tiny ones fill the window too.</summary>
    private const int OverheadOctets = 64;
    private const int HeaderLength = 12;

    private readonly ReceivedTsns _tsns = new(initialTsn);
    private readonly FragmentRuns _fragments = new();
    private readonly IncomingStreams _streams = new();
    private int _unacked;
    private long _ackAtUs = long.MaxValue;

    internal uint Cumulative => _tsns.Cumulative;
    /// <summary>When an acknowledgement is due.</summary>
    internal long AckAtUs => _ackAtUs;

    private int KeptOctets => _fragments.Octets + _streams.Octets + OverheadOctets * (_fragments.Count + _streams.Count);

    /// <summary>Octets that there is room for.</summary>
    internal uint Window => (uint)Math.Max(0, options.ReceiveWindowOctets - KeptOctets);

    /// <summary>Takes a DATA chunk in.</summary>
    /// <returns>False when its message is larger than any may be.</returns>
    internal bool Handle(DataFlags flags, ReadOnlySpan<byte> value, long nowUs)
    {
        if (value.Length < HeaderLength) return true;
        var tsn = BinaryPrimitives.ReadUInt32BigEndian(value);
        var chunk = new DataChunk(BinaryPrimitives.ReadUInt16BigEndian(value[4..]), BinaryPrimitives.ReadUInt16BigEndian(value[6..]),
            BinaryPrimitives.ReadUInt32BigEndian(value[8..]), flags, value[HeaderLength..]);
        var isNext = tsn == Serial.Next(_tsns.Cumulative);
        if (!_tsns.IsWanted(tsn) || !HasRoom(isNext)) // it is told what we have, and how much room there is
        {
            AckNow(nowUs);
            return true;
        }
        _tsns.Add(tsn);
        if (chunk.Stream < options.MaxStreams && chunk.Payload.Length > 0) // of what it may not use it hears no more than that it came
        {
            var run = _fragments.Add(tsn, chunk);
            if (run.Octets > SctpOptions.MaxMessageOctets) return false;
            if (run.IsWhole) _streams.Add(run);
        }
        if (++_unacked >= 2 || !isNext || _tsns.HasHoles) AckNow(nowUs);
        else _ackAtUs = Math.Min(_ackAtUs, nowUs + options.AckDelayUs);
        return true;
    }

    /// <summary>
    /// Beside a full window goes only what the rest waits for, and no more than one message of it: what nobody takes out here ends there.
    /// </summary>
    private bool HasRoom(bool isNext) => KeptOctets < options.ReceiveWindowOctets
        || (isNext && KeptOctets < options.ReceiveWindowOctets + 2 * SctpOptions.MaxMessageOctets);

    /// <summary>The peer has given messages up (RFC 3758 §3.6).</summary>
    internal void HandleForward(ReadOnlySpan<byte> value, long nowUs)
    {
        const int Each = 4;
        if (value.Length < sizeof(uint)) return;
        var tsn = BinaryPrimitives.ReadUInt32BigEndian(value);
        AckNow(nowUs);
        if (!Serial.IsBefore(_tsns.Cumulative, tsn)) return;
        _tsns.Forward(tsn);
        _fragments.Forward(tsn);
        for (value = value[sizeof(uint)..]; value.Length >= Each; value = value[Each..])
        {
            var stream = BinaryPrimitives.ReadUInt16BigEndian(value);
            if (stream < options.MaxStreams) _streams.Forward(stream, BinaryPrimitives.ReadUInt16BigEndian(value[2..]));
        }
    }

    internal void Reset(ushort stream) => _streams.Reset(stream);

    internal void ResetAll() => _streams.ResetAll();

    internal bool TryTake(out SctpMessage message, long nowUs)
    {
        var before = Window;
        if (!_streams.TryTake(out message)) return false;
        // A peer that was stopped is told when it may go on.
        if (before < options.ReceiveWindowOctets / 4 && Window >= options.ReceiveWindowOctets / 4) AckNow(nowUs);
        return true;
    }

    internal void AckNow(long nowUs) => _ackAtUs = nowUs;

    internal void WriteSack(ref PacketWriter packet)
    {
        _tsns.WriteSack(ref packet, Window);
        (_unacked, _ackAtUs) = (0, long.MaxValue);
    }
}
