namespace VideoScale.MediaNode.Sctp;

/// <summary>A message on its way out. Its octets may be shared with other receivers of it, so nobody changes them.</summary>
internal sealed class OutgoingMessage(ushort stream, uint protocol, ReadOnlyMemory<byte> payload, Delivery delivery, long queuedUs)
{
    internal ushort Stream { get; } = stream;
    internal uint Protocol { get; } = protocol;
    internal ReadOnlyMemory<byte> Payload { get; } = payload;
    internal Delivery Delivery { get; } = delivery;
    /// <summary>Within its stream; of an ordered one, once its first fragment is sent.</summary>
    internal ushort Number { get; set; }
    internal bool IsAbandoned { get; set; }

    internal bool IsExpired(long nowUs) => Delivery.MaxLifeUs is { } most && nowUs - queuedUs > most;
}

/// <summary>A part of a message, as one DATA chunk carries it.</summary>
internal readonly record struct Fragment(OutgoingMessage Message, int Offset, int Length)
{
    internal DataFlags Flags => (Offset == 0 ? DataFlags.Begin : DataFlags.None)
        | (Offset + Length == Message.Payload.Length ? DataFlags.End : DataFlags.None)
        | (Message.Delivery.IsUnordered ? DataFlags.Unordered : DataFlags.None);
}

/// <summary>
/// What waits to be sent: streams take turns message by message, since the fragments of one message follow each other.
/// </summary>
internal sealed class SendQueue
{
    /// <summary>What keeping a message costs besides its octets.</summary>
    internal const int OverheadOctets = 64;

    private sealed class Stream
    {
        internal Queue<OutgoingMessage> Messages { get; } = new();
        internal int Octets { get; set; }
        internal ushort Next { get; set; }
    }

    private readonly Dictionary<ushort, Stream> _streams = [];
    private readonly Queue<ushort> _turns = new();
    private OutgoingMessage? _current;
    private int _offset;

    internal bool IsEmpty => _current is null && _turns.Count == 0;
    internal int Octets { get; private set; }

    internal int OctetsOf(ushort stream) => _streams.TryGetValue(stream, out var queue) ? queue.Octets : 0;

    internal void Add(OutgoingMessage message)
    {
        var stream = Of(message.Stream);
        if (stream.Messages.Count == 0) _turns.Enqueue(message.Stream);
        stream.Messages.Enqueue(message);
        Count(stream, message.Payload.Length + OverheadOctets);
    }

    /// <summary>The next fragment, which is then under way.</summary>
    internal bool TryTake(int maxOctets, long nowUs, out Fragment fragment)
    {
        fragment = default;
        if (_current is null && !Begin(nowUs)) return false;
        var message = _current!;
        var stream = Of(message.Stream);
        var length = Math.Min(maxOctets, message.Payload.Length - _offset);
        fragment = new Fragment(message, _offset, length);
        _offset += length;
        Count(stream, -length);
        if (_offset == message.Payload.Length) End(stream);
        return true;
    }

    /// <summary>No more of it is sent.</summary>
    /// <returns>Whether there was more of it.</returns>
    internal bool Abandon(OutgoingMessage message)
    {
        if (_current != message) return false;
        var stream = Of(message.Stream);
        Count(stream, _offset - message.Payload.Length);
        End(stream);
        return true;
    }

    /// <summary>The peer has begun anew: streams count from 0, and what was partly sent is sent whole.</summary>
    internal void Restart()
    {
        foreach (var stream in _streams.Values) stream.Next = 0;
        if (_current is not { } message) return;
        Count(Of(message.Stream), _offset);
        _offset = 0;
        if (!message.Delivery.IsUnordered) Number(message);
    }

    /// <summary>The stream begins anew; what waits in it is dropped.</summary>
    internal void Reset(ushort streamId)
    {
        if (!_streams.TryGetValue(streamId, out var stream)) return;
        if (_current?.Stream == streamId) Abandon(_current);
        Octets -= stream.Octets;
        _streams.Remove(streamId);
        for (var i = _turns.Count; i > 0; i--)
            if (_turns.Dequeue() is var turn && turn != streamId) _turns.Enqueue(turn);
    }

    private bool Begin(long nowUs)
    {
        while (_turns.TryDequeue(out var id))
        {
            var stream = _streams[id];
            var message = stream.Messages.Dequeue();
            if (stream.Messages.Count > 0) _turns.Enqueue(id);
            if (message.IsExpired(nowUs))
            {
                Count(stream, -message.Payload.Length - OverheadOctets);
                continue;
            }
            (_current, _offset) = (message, 0);
            if (!message.Delivery.IsUnordered) Number(message);
            return true;
        }
        return false;
    }

    private void Number(OutgoingMessage message)
    {
        var stream = Of(message.Stream);
        message.Number = stream.Next;
        stream.Next = Serial.Next(stream.Next);
    }

    private void End(Stream stream)
    {
        Count(stream, -OverheadOctets);
        (_current, _offset) = (null, 0);
    }

    private void Count(Stream stream, int octets)
    {
        stream.Octets += octets;
        Octets += octets;
    }

    private Stream Of(ushort id)
    {
        if (!_streams.TryGetValue(id, out var stream)) _streams[id] = stream = new Stream();
        return stream;
    }
}
