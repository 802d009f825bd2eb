namespace VideoScale.MediaNode.Sctp;

/// <summary>How long to wait for an acknowledgement (RFC 9260 §6.3, RFC 6298).</summary>
internal sealed class RetransmissionTimer(SctpOptions options)
{
    private long _smoothedUs, _variationUs;

    /// <summary>Until what was sent is taken for lost.</summary>
    internal long TimeoutUs { get; private set; } = options.InitialTimeoutUs;

    internal void Measured(long roundTripUs)
    {
        if (roundTripUs < 0) return;
        if (_smoothedUs == 0) (_smoothedUs, _variationUs) = (Math.Max(1, roundTripUs), roundTripUs / 2);
        else
        {
            _variationUs += (Math.Abs(_smoothedUs - roundTripUs) - _variationUs) / 4;
            _smoothedUs += (roundTripUs - _smoothedUs) / 8;
        }
        GoesOn();
    }

    /// <summary>The peer has got further: the path is there, however often it was tried before.</summary>
    internal void GoesOn() => TimeoutUs = _smoothedUs == 0 ? options.InitialTimeoutUs
        : Math.Clamp(_smoothedUs + 4 * _variationUs, options.MinTimeoutUs, options.MaxTimeoutUs);

    internal void BackOff() => TimeoutUs = Math.Min(2 * TimeoutUs, options.MaxTimeoutUs);
}
