namespace VideoScale.MediaNode.Quality;

/// <summary>
/// The share of packets that one direction of a connection loses, smoothed: one lost packet of a quiet stream is no trend.
/// </summary>
public struct LossTrend
{
    /// <summary>Of each new round.</summary>
    private const double Weight = 0.4;
    /// <summary>Fewer packets say nothing; they wait for the next round.</summary>
    private const long LeastPackets = 25;
    /// <summary>Rounds without news until what was known is out of date.</summary>
    private const int RoundsKept = 5;

    private long _expected;
    private double _lost;
    private int _silent;
    private bool _known;

    /// <summary>0 to 1.</summary>
    public double Fraction { get; private set; }

    /// <summary>Takes in a round, by totals since the start; totals fall when a stream has ended.</summary>
    public void Take(long expected, double lost)
    {
        var came = expected - _expected;
        if (came is >= 0 and < LeastPackets)
        {
            if (++_silent == RoundsKept) (Fraction, _known) = (0, false);
            return;
        }
        if (came > 0)
        {
            var fraction = Math.Clamp((lost - _lost) / came, 0, 1);
            Fraction = _known ? Fraction + (fraction - Fraction) * Weight : fraction;
            _known = true;
        }
        _silent = 0;
        (_expected, _lost) = (expected, lost);
    }
}
