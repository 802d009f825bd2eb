using VideoScale.MediaNode.Rtcp;

namespace VideoScale.MediaNode.Bandwidth;

/// <summary>
/// How much one subscriber can take. The engine tells it everything a send-side estimator needs; layer choice only reads the result.
/// </summary>
public interface IBandwidthEstimator
{
    long EstimateBps { get; }
    /// <param name="transportSequence">-1 where the peer has not negotiated transport-wide numbers.</param>
    void OnSent(int transportSequence, int octets, long nowUs);
    /// <summary>What was told as sent was not: this machine's own queue was full.</summary>
    void OnNotSent(int octets);
    void OnTransportFeedback(TransportFeedbackReader feedback, long nowUs);
    /// <param name="lossFraction">0 to 1, over all streams of the peer since the last report.</param>
    void OnLoss(double lossFraction, long nowUs);
    void OnReceiverEstimate(long bitsPerSecond, long nowUs);
}

/// <summary>
/// The loss-based half of Google congestion control (draft-ietf-rmcat-gcc-02 §6), bounded by the receiver's own estimate where it sends
/// one, and by twice what is sent: a path that never carried more has proven nothing, and an estimate far above it would take long to fall.
/// </summary>
public sealed class LossBasedEstimator : IBandwidthEstimator
{
    public const long StartBps = 4_000_000;
    public const long LowestBps = 100_000;
    public const long HighestBps = 20_000_000;
    private const double LowLoss = 0.02;
    private const double HighLoss = 0.10;
    private const long StaleUs = 10_000_000;

    private double _lossBps = StartBps;
    private long _receiverBps = long.MaxValue;
    private long _receiverUs;
    private long _steppedUs = long.MinValue / 2;
    private long _sentOctets;

    public long EstimateBps => (long)Math.Min(_lossBps, _receiverBps);

    public void OnSent(int transportSequence, int octets, long nowUs) => _sentOctets += octets;
    public void OnNotSent(int octets) => _sentOctets = Math.Max(0, _sentOctets - octets);
    public void OnTransportFeedback(TransportFeedbackReader feedback, long nowUs) { }

    public void OnLoss(double lossFraction, long nowUs)
    {
        if (_receiverBps != long.MaxValue && nowUs - _receiverUs > StaleUs) _receiverBps = long.MaxValue;
        if (nowUs - _steppedUs < 900_000) return; // the draft steps once a second
        var sentBps = _sentOctets * 8_000_000.0 / Math.Min(nowUs - _steppedUs, StaleUs);
        _sentOctets = 0;
        _steppedUs = nowUs;
        // what was sent was too much, whatever was believed
        if (lossFraction > HighLoss) _lossBps = Math.Min(_lossBps, sentBps) * (1 - 0.5 * lossFraction);
        else if (lossFraction < LowLoss) _lossBps *= 1.08;
        _lossBps = Math.Clamp(_lossBps, LowestBps, Math.Clamp(2 * sentBps, StartBps, HighestBps));
    }

    public void OnReceiverEstimate(long bitsPerSecond, long nowUs)
    {
        _receiverBps = Math.Max(LowestBps, bitsPerSecond);
        _receiverUs = nowUs;
    }
}
