using System.Buffers.Binary;

namespace VideoScale.MediaNode.Rtcp;

/// <summary>
/// Reads transport-wide feedback (draft-holmer-rmcat-transport-wide-cc-extensions-01 §3.1): one status per packet, in order.
/// </summary>
public ref struct TransportFeedbackReader
{
    /// <summary>Deltas are in units of 250 µs, the reference time in units of 64 ms.</summary>
    public const long DeltaUs = 250;
    public const long ReferenceUs = 64_000;

    private ReadOnlySpan<byte> _chunks;
    private ReadOnlySpan<byte> _deltas;
    private int _left;
    private int _chunk;
    private int _inChunk;
    private long _timeUs;
    private ushort _next;

    public int Count { get; private init; }

    /// <summary>The packet spoken of.</summary>
    public ushort Sequence { get; private set; }
    public bool Received { get; private set; }
    /// <summary>By the receiver's clock, when received.</summary>
    public long ArrivalUs { get; private set; }

    public static bool TryCreate(ReadOnlySpan<byte> body, out TransportFeedbackReader reader)
    {
        reader = default;
        if (body.Length < 16) return false;
        var count = BinaryPrimitives.ReadUInt16BigEndian(body[10..]);
        var referenceTime = (BinaryPrimitives.ReadInt32BigEndian(body[12..]) >> 8) * ReferenceUs;
        var at = 16;
        for (int covered = 0; covered < count; at += 2)
        {
            if (at + 2 > body.Length) return false;
            var chunk = BinaryPrimitives.ReadUInt16BigEndian(body[at..]);
            covered += (chunk & 0x8000) == 0 ? Math.Max(1, chunk & 0x1FFF) : (chunk & 0x4000) != 0 ? 7 : 14;
        }
        reader = new TransportFeedbackReader
        {
            Count = count,
            _chunks = body[16..at],
            _deltas = body[at..],
            _left = count,
            _timeUs = referenceTime,
            _next = BinaryPrimitives.ReadUInt16BigEndian(body[8..]),
        };
        return true;
    }

    /// <summary>The next status; false at the end, or where deltas are missing.</summary>
    public bool Next()
    {
        if (_left == 0) return false;
        if (_inChunk == 0)
        {
            _chunk = BinaryPrimitives.ReadUInt16BigEndian(_chunks);
            _chunks = _chunks[2..];
            _inChunk = (_chunk & 0x8000) == 0 ? Math.Max(1, _chunk & 0x1FFF) : (_chunk & 0x4000) != 0 ? 7 : 14;
        }
        var symbol = (_chunk & 0x8000) == 0 ? (_chunk >> 13) & 3
            : (_chunk & 0x4000) != 0 ? (_chunk >> (2 * (_inChunk - 1))) & 3
            : (_chunk >> (_inChunk - 1)) & 1;
        _inChunk--;
        _left--;
        Sequence = _next;
        _next = unchecked((ushort)(_next + 1));
        Received = symbol is 1 or 2;
        if (!Received) return true;
        if (_deltas.Length < symbol) { _left = 0; return false; }
        _timeUs += (symbol == 1 ? _deltas[0] : BinaryPrimitives.ReadInt16BigEndian(_deltas)) * DeltaUs;
        _deltas = _deltas[symbol..];
        ArrivalUs = _timeUs;
        return true;
    }
}
