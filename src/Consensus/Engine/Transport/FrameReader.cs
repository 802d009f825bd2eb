namespace VideoScale.Consensus.Engine.Transport;

/// <summary>Cuts a stream of bytes into verified frames. The buffer grows only as bytes arrive, never by what a header claims.</summary>
internal sealed class FrameReader(Func<Memory<byte>, int> receive, int maxFrameBytes)
{
    private const int InitialBytes = 64 << 10;
    private byte[] _buffer = GC.AllocateUninitializedArray<byte>(InitialBytes, pinned: true);
    private int _start;
    private int _end;

    /// <summary>Larger frames are accepted from now on (after the handshake).</summary>
    internal int MaxFrameBytes { get; set; } = maxFrameBytes;

    internal int BufferBytes => _buffer.Length;

    /// <summary>Waits for the next frame.</summary>
    /// <param name="body">Valid until the next call.</param>
    /// <returns>False at the end of the stream.</returns>
    /// <exception cref="ProtocolException"/>
    internal bool TryRead(out FrameType type, out ReadOnlyMemory<byte> body)
    {
        while (true)
        {
            var available = _buffer.AsSpan(_start.._end);
            var length = Frame.LengthOf(available, MaxFrameBytes);
            if (length > 0 && length <= available.Length)
            {
                type = Frame.Verify(available[..length]);
                body = _buffer.AsMemory(_start + Frame.HeaderBytes, length - Frame.HeaderBytes);
                _start += length;
                return true;
            }
            MakeRoom();
            var received = receive(_buffer.AsMemory(_end));
            if (received == 0)
            {
                if (_end > _start) throw new ProtocolException("the stream ends inside a frame");
                (type, body) = (default, default);
                return false;
            }
            _end += received;
        }
    }

    private void MakeRoom()
    {
        if (_start == _end) _start = _end = 0;
        if (_end < _buffer.Length) return;
        var held = _end - _start;
        var target = held > _buffer.Length / 2 ? GC.AllocateUninitializedArray<byte>(2 * _buffer.Length, pinned: true) : _buffer;
        _buffer.AsSpan(_start, held).CopyTo(target);
        _buffer = target;
        (_start, _end) = (0, held);
    }
}
