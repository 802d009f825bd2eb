namespace VideoScale.MediaNode.Recovery;

/// <summary>Which packets of one incoming stream are missing, and when to ask for each again.</summary>
public sealed class NackGenerator
{
    /// <summary>Reordering shorter than this is not asked about: one tick of the engine.</summary>
    public const long FirstDelayUs = 10_000;
    /// <summary>
    /// Between two requests for a packet, or one round trip and a tick when that is longer (mediasoup and libwebrtc: 40 ms, 10 tries).
    /// </summary>
    public const long RepeatUs = 40_000;
    /// <summary>However slow the answers seem: a request may have been lost itself.</summary>
    public const long LongestRepeatUs = 250_000;
    public const int MaxTries = 10;
    /// <summary>A wider hole is no loss to repair but a break: everything is given up and a key frame asked for.</summary>
    public const int MaxMissing = 256;

    private struct Missing
    {
        public long Sequence;
        public long NoticedUs;
        public long FirstAskedUs;
        public long AskedUs;
        public int Tries;
    }

    private readonly Missing[] _missing = new Missing[MaxMissing];
    private int _count;
    private long _highest = -1;

    public int Count => _count;
    public long Asked { get; private set; }
    public long Recovered { get; private set; }
    public long GivenUp { get; private set; }
    /// <summary>
    /// From the first request for a packet to its coming, smoothed: about a round trip, a little more under loss; 0 before any.
    /// </summary>
    public long RoundTripUs { get; private set; }

    /// <summary>Notes an arrival; true when a hole too wide to repair has opened.</summary>
    public bool Received(long sequence, long nowUs)
    {
        if (sequence <= _highest) { Fill(sequence, nowUs); return false; }
        var broken = false;
        if (_highest >= 0)
        {
            var hole = sequence - _highest - 1;
            if (hole + _count > MaxMissing)
            {
                GivenUp += _count + hole;
                _count = 0;
                broken = true;
            }
            else for (var i = 1; i <= hole; i++) _missing[_count++] = new Missing { Sequence = _highest + i, NoticedUs = nowUs };
        }
        _highest = sequence;
        return broken;
    }

    /// <summary>
    /// Writes what is to be asked for now, ascending; true in <paramref name="gaveUp"/> when a packet was asked for in vain.
    /// </summary>
    public int Collect(long nowUs, Span<ushort> sequences, out bool gaveUp)
    {
        gaveUp = false;
        var written = 0;
        var kept = 0;
        var repeat = Math.Clamp(RoundTripUs + FirstDelayUs, RepeatUs, LongestRepeatUs);
        for (var i = 0; i < _count; i++)
        {
            ref var missing = ref _missing[i];
            var due = missing.Tries == 0 ? nowUs - missing.NoticedUs >= FirstDelayUs : nowUs - missing.AskedUs >= repeat;
            if (due && missing.Tries == MaxTries)
            {
                gaveUp = true;
                GivenUp++;
                continue;
            }
            if (due && written < sequences.Length)
            {
                if (missing.Tries++ == 0) missing.FirstAskedUs = nowUs;
                missing.AskedUs = nowUs;
                sequences[written++] = unchecked((ushort)missing.Sequence);
                Asked++;
            }
            _missing[kept++] = missing;
        }
        _count = kept;
        return written;
    }

    private void Fill(long sequence, long nowUs)
    {
        for (var i = 0; i < _count; i++)
        {
            if (_missing[i].Sequence != sequence) continue;
            if (_missing[i].Tries > 0)
            {
                Recovered++;
                // Also of packets asked for oftener: until a long round trip is known, every packet is.
                var tookUs = nowUs - _missing[i].FirstAskedUs;
                RoundTripUs = RoundTripUs == 0 ? tookUs : RoundTripUs + (tookUs - RoundTripUs) / 8;
            }
            _missing.AsSpan(i + 1, _count - i - 1).CopyTo(_missing.AsSpan(i));
            _count--;
            return;
        }
    }
}
