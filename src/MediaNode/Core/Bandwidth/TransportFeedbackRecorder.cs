using System.Buffers.Binary;
using VideoScale.MediaNode.Rtcp;
using VideoScale.MediaNode.Rtp;

namespace VideoScale.MediaNode.Bandwidth;

/// <summary>Remembers when a publisher's packets arrived and writes the transport-wide feedback its congestion control lives on.</summary>
public sealed class TransportFeedbackRecorder
{
    /// <summary>More than a browser sends between two feedbacks at 20 Mbit/s; older arrivals are overwritten.</summary>
    private const int Capacity = 1024;
    private const int MaxBody = 1100;

    private readonly long[] _arrivalUs = new long[Capacity];
    private readonly long[] _sequence = new long[Capacity];
    private Unwrapper _unwrapper = new(16);
    private long _nextToReport;
    private byte _number;

    public bool HasNews => _unwrapper.Started && _unwrapper.Highest >= _nextToReport;

    public void Record(ushort sequence, long nowUs)
    {
        var first = !_unwrapper.Started;
        var extended = _unwrapper.Unwrap(sequence);
        if (first) _nextToReport = extended;
        // A packet that arrives behind what was reported is told of by no later feedback: browsers take it as lost, then see it by RTX.
        if (extended < _nextToReport) return;
        var slot = (int)(extended % Capacity);
        if (_sequence[slot] == extended) return;
        _sequence[slot] = extended;
        _arrivalUs[slot] = nowUs;
    }

    /// <summary>
    /// Appends one feedback packet on everything not reported yet, as much as fits; false when there is nothing, or no room.
    /// </summary>
    public bool Write(ref RtcpWriter writer, uint senderSsrc, uint mediaSsrc)
    {
        if (!HasNews) return false;
        var end = _unwrapper.Highest + 1;
        if (end - _nextToReport > Capacity) _nextToReport = end - Capacity;
        while (_nextToReport < end && !Has(_nextToReport)) _nextToReport++;
        if (_nextToReport == end) return false;
        Span<byte> body = stackalloc byte[MaxBody];
        var referenceTicks = _arrivalUs[_nextToReport % Capacity] / TransportFeedbackReader.ReferenceUs;
        // Every seven packets take one chunk and at most fourteen octets of deltas.
        var count = (int)Math.Min(end - _nextToReport, (MaxBody - 16 - 4) / 16 * 7);
        count = Math.Min(count, CountWithinDeltaRange(referenceTicks, count));
        var length = WriteStatuses(body, referenceTicks, count);
        BinaryPrimitives.WriteUInt32BigEndian(body, senderSsrc);
        BinaryPrimitives.WriteUInt32BigEndian(body[4..], mediaSsrc);
        BinaryPrimitives.WriteUInt16BigEndian(body[8..], unchecked((ushort)_nextToReport));
        BinaryPrimitives.WriteUInt16BigEndian(body[10..], (ushort)count);
        BinaryPrimitives.WriteInt32BigEndian(body[12..], unchecked((int)(referenceTicks << 8)) | _number);
        if (!writer.Begin(RtcpTypes.TransportFeedback, RtcpTypes.FormatTransportWide, length, out var packet)) return false;
        body[..length].CopyTo(packet);
        _number = unchecked((byte)(_number + 1));
        _nextToReport += count;
        return true;
    }

    private bool Has(long sequence) => _sequence[sequence % Capacity] == sequence;

    /// <summary>A delta is a signed 16-bit number of 250 µs (8 s); a longer silence begins a new feedback.</summary>
    private int CountWithinDeltaRange(long referenceTicks, int count)
    {
        var previous = referenceTicks * TransportFeedbackReader.ReferenceUs / TransportFeedbackReader.DeltaUs;
        for (var i = 0; i < count; i++)
        {
            if (!Has(_nextToReport + i)) continue;
            var time = _arrivalUs[(_nextToReport + i) % Capacity] / TransportFeedbackReader.DeltaUs;
            if (time - previous is < short.MinValue or > short.MaxValue) return i;
            previous = time;
        }
        return count;
    }

    private int WriteStatuses(Span<byte> body, long referenceTicks, int count)
    {
        var chunkAt = 16;
        var deltaAt = 16 + 2 * ((count + 6) / 7);
        var previous = referenceTicks * TransportFeedbackReader.ReferenceUs / TransportFeedbackReader.DeltaUs;
        for (var i = 0; i < count; i += 7, chunkAt += 2)
        {
            var chunk = 0xC000;
            for (var j = 0; j < 7 && i + j < count; j++)
            {
                if (!Has(_nextToReport + i + j)) continue;
                var time = _arrivalUs[(_nextToReport + i + j) % Capacity] / TransportFeedbackReader.DeltaUs;
                var delta = time - previous;
                previous = time;
                if (delta is >= 0 and <= 255)
                {
                    chunk |= 1 << (12 - 2 * j);
                    body[deltaAt++] = (byte)delta;
                    continue;
                }
                chunk |= 2 << (12 - 2 * j);
                BinaryPrimitives.WriteInt16BigEndian(body[deltaAt..], (short)delta);
                deltaAt += 2;
            }
            BinaryPrimitives.WriteUInt16BigEndian(body[chunkAt..], (ushort)chunk);
        }
        while (deltaAt % 4 != 0) body[deltaAt++] = 0;
        return deltaAt;
    }
}
