namespace VideoScale.MediaNode.DataChannels;

/// <summary>Goes through the fields of a protobuf message without knowing all of them.</summary>
internal ref struct ProtoReader(ReadOnlySpan<byte> message)
{
    internal const int Varint = 0, Fixed64 = 1, Bytes = 2, Fixed32 = 5;
    private readonly ReadOnlySpan<byte> _message = message;
    private int _at;

    internal int Field { get; private set; }
    internal int Wire { get; private set; }
    /// <summary>Of a varint.</summary>
    internal ulong Number { get; private set; }
    /// <summary>Of a text, octets or a message.</summary>
    internal ReadOnlySpan<byte> Value { get; private set; }
    /// <summary>All of the field as it stands, with its tag.</summary>
    internal ReadOnlySpan<byte> Whole { get; private set; }
    /// <summary>It was no protobuf message.</summary>
    internal bool IsBroken { get; private set; }

    internal bool Next()
    {
        if (IsBroken || _at == _message.Length) return false;
        var start = _at;
        if (!ReadVarint(out var tag) || tag >> 3 is 0 or > int.MaxValue) return Break();
        (Field, Wire) = ((int)(tag >> 3), (int)(tag & 7));
        Value = default;
        var length = 0UL;
        switch (Wire)
        {
            case Varint when ReadVarint(out var number): Number = number; break;
            case Fixed64: length = sizeof(ulong); break;
            case Fixed32: length = sizeof(uint); break;
            case Bytes when ReadVarint(out length): break;
            default: return Break();
        }
        if (length > (ulong)(_message.Length - _at)) return Break();
        Value = _message.Slice(_at, (int)length);
        _at += (int)length;
        Whole = _message[start.._at];
        return true;
    }

    private bool Break()
    {
        IsBroken = true;
        return false;
    }

    private bool ReadVarint(out ulong value)
    {
        value = 0;
        for (var shift = 0; shift < 64 && _at < _message.Length; shift += 7)
        {
            var octet = _message[_at++];
            value |= (ulong)(octet & 0x7F) << shift;
            if (octet < 0x80) return true;
        }
        return false;
    }
}
