namespace VideoScale.MediaNode.Sctp;

/// <summary>Puts the whole messages of each stream in order.</summary>
internal sealed class IncomingStreams
{
    private sealed class Stream
    {
        internal ushort Next { get; set; }
        internal SortedDictionary<ushort, SctpMessage> Waiting { get; } = [];
    }

    private readonly Dictionary<ushort, Stream> _streams = [];
    private readonly Queue<SctpMessage> _ready = new();

    /// <summary>Messages that wait: for earlier ones, or to be taken.</summary>
    internal int Count { get; private set; }
    internal int Octets { get; private set; }

    internal bool TryTake(out SctpMessage message)
    {
        if (!_ready.TryDequeue(out message)) return false;
        (Count, Octets) = (Count - 1, Octets - message.Payload.Length);
        return true;
    }

    internal void Add(FragmentRun whole)
    {
        var message = new SctpMessage(whole.Stream, whole.Protocol, whole.Join());
        if (!whole.IsUnordered)
        {
            var stream = Of(whole.Stream);
            if (Serial.IsBefore(whole.Number, stream.Next) || !stream.Waiting.TryAdd(whole.Number, message)) return;
            (Count, Octets) = (Count + 1, Octets + message.Payload.Length);
            Release(stream);
            return;
        }
        (Count, Octets) = (Count + 1, Octets + message.Payload.Length);
        _ready.Enqueue(message);
    }

    /// <summary>Messages of a stream up to a number are given up by the peer: what came of them is all there will be.</summary>
    internal void Forward(ushort streamId, ushort number)
    {
        var stream = Of(streamId);
        if (Serial.IsBefore(number, stream.Next)) return;
        foreach (var come in stream.Waiting.Keys.Where(come => !Serial.IsBefore(number, come))
            .OrderBy(come => unchecked((ushort)(come - stream.Next))).ToArray())
        {
            _ready.Enqueue(stream.Waiting[come]);
            stream.Waiting.Remove(come);
        }
        stream.Next = Serial.Next(number);
        Release(stream);
    }

    /// <summary>The stream begins anew (RFC 6525); what waits in it for earlier messages waits in vain.</summary>
    internal void Reset(ushort streamId)
    {
        if (!_streams.Remove(streamId, out var stream)) return;
        foreach (var lost in stream.Waiting.Values) (Count, Octets) = (Count - 1, Octets - lost.Payload.Length);
    }

    internal void ResetAll()
    {
        foreach (var stream in _streams.Keys.ToArray()) Reset(stream);
    }

    private void Release(Stream stream)
    {
        while (stream.Waiting.Remove(stream.Next, out var message))
        {
            _ready.Enqueue(message);
            stream.Next = Serial.Next(stream.Next);
        }
    }

    private Stream Of(ushort id)
    {
        if (!_streams.TryGetValue(id, out var stream)) _streams[id] = stream = new Stream();
        return stream;
    }
}
