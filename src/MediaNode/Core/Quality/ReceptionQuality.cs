namespace VideoScale.MediaNode.Quality;

/// <summary>Loss, jitter and rate of one incoming stream, as receiver reports tell them (RFC 3550 §6.4.1, appendix A).</summary>
public struct ReceptionQuality
{
    private const long AudioGapUs = 200_000; // ten packets of 20 ms
    /// <summary>
    /// Packets missing that make a long silence a gap. Silence that the speaker's client cuts out (DTX) sends one in 400 ms, each under the
    /// next number.
    /// </summary>
    private const int AudioGapPackets = 5;
    private const long RateWindowUs = 500_000;

    private bool _started;
    private long _firstSequence;
    private long _highestSequence;
    private long _expectedBefore;
    private long _receivedBefore;
    private long _transit;
    private double _jitter;
    private uint _timestamp;
    private long _windowUs;
    private long _windowOctets;

    public long Packets { get; private set; }
    public long Octets { get; private set; }
    public long Duplicates { get; set; }
    /// <summary>Packets that came under the retransmission stream, needed or not.</summary>
    public long Retransmissions { get; set; }
    /// <summary>Those of them that filled a hole.</summary>
    public long Repaired { get; set; }
    public long AudioGaps { get; private set; }
    public long LastUs { get; private set; }
    /// <summary>Measured over half a second; 0 before that.</summary>
    public long BitsPerSecond { get; private set; }
    /// <summary>In units of the stream's clock.</summary>
    public readonly uint Jitter => (uint)_jitter;
    public readonly long Expected => _started ? _highestSequence - _firstSequence + 1 : 0;
    /// <summary>After repair.</summary>
    public readonly long Lost => Expected - Packets;
    /// <summary>Before repair: what the path lost.</summary>
    public readonly long LostOnTheWay => Lost + Repaired;
    public readonly long HighestSequence => _highestSequence;

    public void OnPacket(long sequence, uint timestamp, int octets, int clockRate, bool audio, long nowUs)
    {
        if (!_started)
        {
            _firstSequence = sequence;
            _highestSequence = sequence;
            _windowUs = nowUs;
        }
        else if (audio && IsGap(sequence, timestamp, clockRate, nowUs)) AudioGaps++;
        if (sequence < _firstSequence) _firstSequence = sequence;
        UpdateJitter(timestamp, clockRate, nowUs);
        _started = true;
        _highestSequence = Math.Max(_highestSequence, sequence);
        _timestamp = timestamp;
        LastUs = nowUs;
        Packets++;
        Octets += octets;
        _windowOctets += octets;
        UpdateRate(nowUs);
    }

    /// <summary>Nothing was heard for long, and more was said meanwhile: packets stood still on the way, or were lost.</summary>
    private readonly bool IsGap(long sequence, uint timestamp, int clockRate, long nowUs)
    {
        if (sequence <= _highestSequence || nowUs - LastUs <= AudioGapUs) return false;
        return sequence - _highestSequence > AudioGapPackets || unchecked(timestamp - _timestamp) <= clockRate / 10;
    }

    /// <summary>Packets lost since the last call, in 1/256 of those expected.</summary>
    public byte TakeFractionLost()
    {
        var expected = Expected - _expectedBefore;
        var lost = expected - (Packets - _receivedBefore);
        _expectedBefore = Expected;
        _receivedBefore = Packets;
        return expected <= 0 || lost <= 0 ? (byte)0 : (byte)Math.Min(255, (lost << 8) / expected);
    }

    public void UpdateRate(long nowUs)
    {
        var window = nowUs - _windowUs;
        if (window < RateWindowUs) return;
        BitsPerSecond = _windowOctets * 8_000_000 / window;
        _windowUs = nowUs;
        _windowOctets = 0;
    }

    private void UpdateJitter(uint timestamp, int clockRate, long nowUs)
    {
        var transit = nowUs * clockRate / 1_000_000 - timestamp;
        // Compared modulo 32 bits, as the timestamp wraps; retransmissions would count as jitter, so a packet of the same frame or older is
        // left out.
        if (_started && unchecked((int)(timestamp - _timestamp)) > 0)
        {
            var difference = Math.Abs((long)unchecked((int)(transit - _transit)));
            if (difference < clockRate * 10L) _jitter += (difference - _jitter) / 16;
        }
        if (!_started || unchecked((int)(timestamp - _timestamp)) > 0) _transit = transit;
    }
}
