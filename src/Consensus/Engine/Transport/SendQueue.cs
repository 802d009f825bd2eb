using VideoScale.Consensus.Core;

namespace VideoScale.Consensus.Engine.Transport;

/// <summary>
/// Serialized frames that wait for one connection: bounded, and dropped rather than waited for. Little is sent by whoever flushes,
/// when the kernel takes it at once; the rest is the writer's thread's. So an exchange of small messages costs no thread switch.
/// </summary>
internal sealed class SendQueue(int maxBytes)
{
    private const int InitialBytes = 16 << 10;
    private const int SentByFlushBytes = 32 << 10; // above it copying to the kernel would hold up the loop that flushes
    private enum Sender : byte { None, Flusher, Writer }

    private readonly object _gate = new();
    private byte[] _filling = GC.AllocateUninitializedArray<byte>(InitialBytes, pinned: true);
    private byte[] _sending = GC.AllocateUninitializedArray<byte>(InitialBytes, pinned: true);
    private ReadOnlyMemory<byte> _rest;
    private Line? _line;
    private int _length;
    private Sender _sender; // who sends from the other buffer
    private bool _opening;
    private bool _broken;
    private bool _stopped;

    internal long Dropped { get; private set; }

    /// <summary>Messages are taken from now on, for this connection; or, with null, dropped.</summary>
    internal void Open(Line? line)
    {
        lock (_gate)
        {
            _opening = true;
            while (_sender == Sender.Flusher) Monitor.Wait(_gate); // it does not wait for the kernel, so neither do we for long
            _opening = _broken = false;
            _line = line;
            _length = 0;
            _rest = default;
            _sender = Sender.None;
        }
    }

    /// <summary>Only from the driver's loop, as is <see cref="Flush"/>.</summary>
    internal void Enqueue(in Message message)
    {
        var bytes = Frame.HeaderBytes + (long)MessageCodec.Measure(message);
        lock (_gate)
        {
            if (_line is null || (_length > 0 && _length + bytes > maxBytes) || bytes > int.MaxValue)
            {
                Dropped++;
                return;
            }
            Grow((int)bytes);
            var frame = _filling.AsSpan(_length, (int)bytes);
            MessageCodec.Encode(message, frame[Frame.HeaderBytes..]);
            Frame.Seal(frame, FrameType.Message);
            _length += (int)bytes;
        }
    }

    internal void Flush()
    {
        Line line;
        ReadOnlyMemory<byte> frames;
        lock (_gate)
        {
            if (_length == 0 || _line is null) return;
            if (_sender != Sender.None || !_rest.IsEmpty || _length > SentByFlushBytes || !_line.CanSendNow)
            {
                Monitor.PulseAll(_gate);
                return;
            }
            line = _line;
            frames = Swap(Sender.Flusher);
        }
        var sent = 0;
        var broken = false;
        try { sent = line.SendNow(frames); }
        catch (Exception e) when (PeerSender.EndsConnection(e)) { broken = true; } // the writer's thread meets it too, and connects anew
        lock (_gate)
        {
            _broken = broken;
            _rest = broken ? default : frames[sent..];
            _sender = Sender.None;
            if (broken || _opening || !_rest.IsEmpty) Monitor.PulseAll(_gate);
        }
    }

    /// <summary>Writer: what it took before is sent; waits for more and takes all of it.</summary>
    /// <returns>False when the queue was stopped; empty when the time ran out.</returns>
    /// <exception cref="ProtocolException">The connection broke while somebody else sent.</exception>
    internal bool Take(TimeSpan patience, out ReadOnlyMemory<byte> frames)
    {
        lock (_gate)
        {
            if (_sender == Sender.Writer) _sender = Sender.None;
            if (!IsReady) Monitor.Wait(_gate, patience);
            if (_broken) throw new ProtocolException("the connection broke");
            frames = default;
            if (!_rest.IsEmpty) (frames, _rest, _sender) = (_rest, default, Sender.Writer);
            else if (_sender == Sender.None && _length > 0) frames = Swap(Sender.Writer);
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

    private bool IsReady => _stopped || _broken || !_rest.IsEmpty || (_sender == Sender.None && _length > 0);

    private ReadOnlyMemory<byte> Swap(Sender sender)
    {
        (_filling, _sending) = (_sending, _filling);
        var frames = _sending.AsMemory(0, _length);
        _length = 0;
        _sender = sender;
        return frames;
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
