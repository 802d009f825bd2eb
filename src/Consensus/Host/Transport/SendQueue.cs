namespace VideoScale.Consensus.Host.Transport;

/// <summary>Serialized frames that wait for one connection: bounded, and dropped rather than waited for.</summary>
internal sealed class SendQueue(int maxBytes)
{
    private const int InitialBytes = 16 << 10;
    private readonly object _gate = new();
    private byte[] _filling = GC.AllocateUninitializedArray<byte>(InitialBytes, pinned: true);
    private byte[] _sending = GC.AllocateUninitializedArray<byte>(InitialBytes, pinned: true);
    private int _length;
    private bool _open;
    private bool _stopped;
    private bool _waiting;
    private bool _dirty;

    internal long Dropped { get; private set; }

    /// <summary>Messages are taken from now on (a connection stands), or dropped and forgotten.</summary>
    internal void Open(bool open)
    {
        lock (_gate)
        {
            _open = open;
            _length = 0;
        }
    }

    internal void Enqueue(in Message message)
    {
        var bytes = Frame.HeaderBytes + (long)MessageCodec.Measure(message);
        lock (_gate)
        {
            if (!_open || (_length > 0 && _length + bytes > maxBytes) || bytes > int.MaxValue)
            {
                Dropped++;
                return;
            }
            Grow((int)bytes);
            var frame = _filling.AsSpan(_length, (int)bytes);
            MessageCodec.Encode(message, frame[Frame.HeaderBytes..]);
            Frame.Seal(frame, FrameType.Message);
            _length += (int)bytes;
            _dirty = true;
        }
    }

    /// <summary>Wakes the writer when there is something new. Only from the driver's loop, as is <see cref="Enqueue"/>.</summary>
    internal void Flush()
    {
        if (!_dirty) return;
        _dirty = false;
        lock (_gate)
        {
            if (_waiting) Monitor.Pulse(_gate);
        }
    }

    /// <summary>Waits for frames and takes them all.</summary>
    /// <returns>False when the queue was stopped; empty when the time ran out.</returns>
    internal bool Take(TimeSpan patience, out ReadOnlyMemory<byte> frames)
    {
        lock (_gate)
        {
            if (_length == 0 && !_stopped)
            {
                _waiting = true;
                Monitor.Wait(_gate, patience);
                _waiting = false;
            }
            (_filling, _sending) = (_sending, _filling);
            frames = _sending.AsMemory(0, _length);
            _length = 0;
            return !_stopped;
        }
    }

    internal void Stop()
    {
        lock (_gate)
        {
            _stopped = true;
            Monitor.PulseAll(_gate);
        }
    }

    private void Grow(int bytes)
    {
        var needed = _length + bytes;
        if (needed <= _filling.Length) return;
        var larger = GC.AllocateUninitializedArray<byte>(Math.Max(needed, 2 * _filling.Length), pinned: true);
        _filling.AsSpan(0, _length).CopyTo(larger);
        _filling = larger;
    }
}
