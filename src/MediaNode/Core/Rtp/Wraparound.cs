namespace VideoScale.MediaNode.Rtp;

/// <summary>Follows a counter of few bits over its wraps: each value becomes the nearest 64-bit one to the highest seen.</summary>
/// <remarks>Nearest means within half the range, the rule of RFC 3711 §3.3.1 and RFC 1982.</remarks>
public struct Unwrapper
{
    private readonly int _bits;
    private bool _started;

    public Unwrapper(int bits)
    {
        _bits = bits;
        _started = false;
        Highest = 0;
    }

    /// <summary>The highest extended value so far.</summary>
    public long Highest { get; private set; }
    public readonly bool Started => _started;

    /// <summary>The extended value of <paramref name="value"/>, without remembering it.</summary>
    public readonly long Peek(long value) => _started ? Highest + Distance(value, Highest, _bits) : value + (1L << _bits);

    /// <summary>
    /// The extended value; the highest moves when this one is ahead. The first value starts one range up so that earlier ones stay
    /// positive.
    /// </summary>
    public long Unwrap(long value)
    {
        var extended = Peek(value);
        if (!_started || extended > Highest) Highest = extended;
        _started = true;
        return extended;
    }

    /// <summary>
    /// How far <paramref name="value"/> is ahead of <paramref name="reference"/> in a counter of so many bits; negative when behind.
    /// </summary>
    public static long Distance(long value, long reference, int bits)
    {
        var mask = (1L << bits) - 1;
        var ahead = unchecked(value - reference) & mask;
        return ahead >= 1L << (bits - 1) ? ahead - (1L << bits) : ahead;
    }
}
