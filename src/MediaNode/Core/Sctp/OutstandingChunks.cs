namespace VideoScale.MediaNode.Sctp;

internal enum ChunkFate : byte { InFlight = 0, Missing = 1, Acked = 2, Abandoned = 3 }

/// <summary>A DATA chunk that was sent and is not behind the peer's cumulative acknowledgement.</summary>
internal struct OutstandingChunk
{
    internal Fragment Fragment;
    internal ChunkFate Fate;
    internal long SentUs;
    internal int Transmissions;
    /// <summary>Which transmission of all its last one was.</summary>
    internal long Order;
    /// <summary>Acknowledgements that named what was sent later, and not it.</summary>
    internal byte Misses;
}

/// <summary>They stand in the order of their TSNs, in a ring that grows.</summary>
internal sealed class OutstandingChunks(uint firstTsn)
{
    private OutstandingChunk[] _ring = new OutstandingChunk[64];
    private int _head;

    /// <summary>TSN of the first; of the next one to be sent when there is none.</summary>
    internal uint FirstTsn { get; private set; } = firstTsn;
    internal int Count { get; private set; }
    internal uint NextTsn => Serial.Add(FirstTsn, (uint)Count);

    internal ref OutstandingChunk this[int index] => ref _ring[(_head + index) & (_ring.Length - 1)];

    internal void Add(in OutstandingChunk chunk)
    {
        if (Count == _ring.Length)
        {
            var larger = new OutstandingChunk[2 * _ring.Length];
            for (var i = 0; i < Count; i++) larger[i] = this[i];
            (_ring, _head) = (larger, 0);
        }
        this[Count++] = chunk;
    }

    internal void RemoveFirst()
    {
        this[0] = default;
        _head = (_head + 1) & (_ring.Length - 1);
        FirstTsn = Serial.Next(FirstTsn);
        Count--;
    }
}
