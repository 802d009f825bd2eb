using System.Buffers.Binary;

namespace VideoScale.MediaNode.Sctp;

/// <summary>What the peer says of what it has.</summary>
internal sealed partial class OutgoingData
{
    private const int SackLength = 12, BlockLength = 4;
    /// <summary>Acknowledgements of later ones after which one is taken for lost (RFC 9260 §7.2.4).</summary>
    private const int MostMisses = 3;

    /// <summary>What one acknowledgement comes to.</summary>
    private struct Acked
    {
        internal int Octets;
        /// <summary>Order of the last transmission that is acknowledged now.</summary>
        internal long Newest;
        internal long RoundTripUs;
    }

    internal void HandleSack(ReadOnlySpan<byte> value, long nowUs)
    {
        if (value.Length < SackLength) return;
        var cumulative = BinaryPrimitives.ReadUInt32BigEndian(value);
        var window = BinaryPrimitives.ReadUInt32BigEndian(value[4..]);
        var blocks = Math.Min(BinaryPrimitives.ReadUInt16BigEndian(value[8..]), (value.Length - SackLength) / BlockLength);
        var behind = Serial.Steps(_chunks.FirstTsn, Serial.Next(cumulative));
        if (behind > (uint)_chunks.Count) return; // older than what we know, or of what was never sent
        var wasFull = _inFlight + _options.MaxPacketOctets >= _congestion.Octets;
        var acked = new Acked { RoundTripUs = -1 };
        for (var i = 0; i < (int)behind; i++) TakeFirst(ref acked, nowUs);
        TakeBlocks(value.Slice(SackLength, blocks * BlockLength), ref acked, nowUs);
        _given = Math.Max(0, _given - (int)behind);
        if (_given == 0) _forwardIsDue = false;
        _timer.Measured(acked.RoundTripUs);
        if (behind > 0) _timer.GoesOn();
        AckedOctets += acked.Octets;
        if (_recoversUntil is { } until && !Serial.IsBefore(cumulative, until)) _recoversUntil = null;
        if (behind > 0 && _recoversUntil is null) _congestion.Acked(acked.Octets, wasFull);
        CountMisses(acked.Newest, nowUs);
        _peerWindow = window;
        GiveUp();
        if (_chunks.Count == 0) TimeoutAtUs = long.MaxValue;
        else if (behind > 0) TimeoutAtUs = nowUs + _timer.TimeoutUs;
    }

    /// <summary>The first has come, or need not come any more.</summary>
    private void TakeFirst(ref Acked acked, long nowUs)
    {
        ref var chunk = ref _chunks[0];
        Take(ref chunk, ref acked, nowUs);
        OutstandingOctets -= chunk.Fragment.Length + SendQueue.OverheadOctets;
        _chunks.RemoveFirst();
    }

    /// <summary>Some behind a hole have come. Their blocks stand in order, or the work would be the peer's to choose.</summary>
    private void TakeBlocks(ReadOnlySpan<byte> blocks, ref Acked acked, long nowUs)
    {
        for (var next = 0; !blocks.IsEmpty; blocks = blocks[BlockLength..])
        {
            var first = BinaryPrimitives.ReadUInt16BigEndian(blocks) - 1; // 1 is the one behind the cumulative acknowledgement
            var last = BinaryPrimitives.ReadUInt16BigEndian(blocks[2..]) - 1;
            if (first < next || last < first) return;
            for (var i = first; i <= last && i < _chunks.Count; i++) Take(ref _chunks[i], ref acked, nowUs);
            next = last + 1;
        }
    }

    private void Take(ref OutstandingChunk chunk, ref Acked acked, long nowUs)
    {
        if (chunk.Fate is not (ChunkFate.InFlight or ChunkFate.Missing)) return;
        acked.Octets += chunk.Fragment.Length;
        // Of one that was sent twice nobody knows which of the two it was (Karn); and of one that was sent before a timeout the
        // acknowledgement may have been lost: then another, much later, is the first that is heard of it.
        if (chunk.Order > acked.Newest)
            acked.RoundTripUs = chunk.Transmissions == 1 && chunk.SentUs > _timedOutUs ? nowUs - chunk.SentUs : -1;
        acked.Newest = Math.Max(acked.Newest, chunk.Order);
        SetFate(ref chunk, ChunkFate.Acked);
    }

    /// <param name="newest">Order of the last transmission that is acknowledged now: by it what was sent again is found missing, too.
    /// </param>
    private void CountMisses(long newest, long nowUs)
    {
        var lost = false;
        for (var i = 0; i < _chunks.Count; i++)
        {
            ref var chunk = ref _chunks[i];
            if (chunk.Fate is not ChunkFate.InFlight || chunk.Order >= newest || ++chunk.Misses < MostMisses) continue;
            lost = true;
            Lose(i, nowUs);
        }
        if (!lost || _recoversUntil is not null) return;
        _recoversUntil = LastTsn;
        _congestion.Lost();
    }
}
