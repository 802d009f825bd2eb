using System.Buffers;
using Microsoft.Win32.SafeHandles;
using VideoScale.ControlPlane.Audit;

namespace VideoScale.ControlPlane.Host.EventLog;

/// <summary>
/// Reads the records of a segment file one after the other, checking each checksum. Owns neither the file nor its meaning.
/// </summary>
internal sealed class SegmentScanner : IDisposable
{
    private const int InitialBufferBytes = 256 * 1024;
    private readonly SafeFileHandle _file;
    private byte[] _buffer;
    private long _bufferOffset; // file offset of _buffer[0]
    private int _start, _end;
    private int _recordAt, _recordLength;

    /// <param name="offset">Where a record begins.</param>
    /// <param name="limit">End of what may be read.</param>
    public SegmentScanner(SafeFileHandle file, long offset, long limit, int bufferBytes = InitialBufferBytes)
    {
        _file = file;
        _buffer = ArrayPool<byte>.Shared.Rent(bufferBytes);
        _bufferOffset = offset;
        Limit = limit;
    }

    /// <summary>May be moved on when the file grew.</summary>
    public long Limit { get; set; }

    /// <summary>Where the next record begins.</summary>
    public long Offset => _bufferOffset + _start;

    /// <summary>Where the current record's frame begins.</summary>
    public long FrameOffset => _bufferOffset + _recordAt - RecordFrame.PrefixBytes;

    /// <summary>The current record with its leaf prefix; valid until the next move.</summary>
    public ReadOnlySpan<byte> Record => _buffer.AsSpan(_recordAt, _recordLength);

    public Hash256 Chain => new(_buffer.AsSpan(_recordAt + _recordLength, Hash256.SizeBytes));

    /// <summary>Set when a move failed for another reason than reaching the limit.</summary>
    public string? Problem { get; private set; }

    public bool MoveNext()
    {
        if (Offset >= Limit) return false;
        if (!Fill(RecordFrame.PrefixBytes)) return Refuse("a record is cut short");
        var length = RecordFrame.RecordLength(_buffer.AsSpan(_start));
        if (!RecordFrame.IsPlausibleLength(length)) return Refuse($"a record says it has {length} bytes");
        var frameLength = length + RecordFrame.OverheadBytes;
        if (Offset + frameLength > Limit || !Fill(frameLength)) return Refuse("a record is cut short");
        if (!RecordFrame.ChecksumHolds(_buffer.AsSpan(_start, frameLength))) return Refuse("a record's checksum does not hold");
        _recordAt = _start + RecordFrame.PrefixBytes;
        _recordLength = length;
        _start += frameLength;
        return true;
    }

    public void Dispose()
    {
        var buffer = _buffer;
        if (buffer.Length == 0) return;
        _buffer = [];
        ArrayPool<byte>.Shared.Return(buffer);
    }

    private bool Refuse(string problem)
    {
        Problem = problem;
        return false;
    }

    private bool Fill(int bytes)
    {
        if (_end - _start >= bytes) return true;
        if (_start > 0)
        {
            _buffer.AsSpan(_start, _end - _start).CopyTo(_buffer);
            _bufferOffset += _start;
            _end -= _start;
            _start = 0;
        }
        if (_buffer.Length < bytes)
        {
            var larger = ArrayPool<byte>.Shared.Rent(bytes);
            _buffer.AsSpan(0, _end).CopyTo(larger);
            ArrayPool<byte>.Shared.Return(_buffer);
            _buffer = larger;
        }
        while (_end < bytes)
        {
            var room = (int)Math.Min(_buffer.Length - _end, Limit - (_bufferOffset + _end));
            if (room <= 0) return false;
            var read = RandomAccess.Read(_file, _buffer.AsSpan(_end, room), _bufferOffset + _end);
            if (read == 0) return false;
            _end += read;
        }
        return true;
    }
}
