namespace VideoScale.MediaNode.Sctp;

/// <summary>How much may be on its way (RFC 9260 §7.2).</summary>
internal sealed class CongestionWindow(int packetOctets, int initialThreshold)
{
    /// <summary>libwebrtc's beginning; RFC 6928 has the same for TCP.</summary>
    private const int FirstPackets = 10;
    private const int LeastPackets = 4;
    /// <summary>More would only stand in queues.</summary>
    private const int MaxOctets = 4 << 20;

    private int _threshold = Math.Max(initialThreshold, LeastPackets * packetOctets);
    private int _partlyAcked;

    internal int Octets { get; private set; } = FirstPackets * packetOctets;

    /// <param name="wasFull">The window was what held more back.</param>
    internal void Acked(int octets, bool wasFull)
    {
        if (!wasFull) return; // what was not used says nothing
        if (Octets <= _threshold)
        {
            Octets = Math.Min(MaxOctets, Octets + Math.Min(octets, packetOctets));
            return;
        }
        _partlyAcked = Math.Min(_partlyAcked + octets, MaxOctets);
        if (_partlyAcked < Octets) return;
        _partlyAcked -= Octets;
        Octets = Math.Min(MaxOctets, Octets + packetOctets);
    }

    /// <summary>Acknowledgements show a hole.</summary>
    internal void Lost()
    {
        Octets = _threshold = Math.Max(Octets / 2, LeastPackets * packetOctets);
        _partlyAcked = 0;
    }

    /// <summary>Nothing was acknowledged for as long as the timer runs.</summary>
    internal void TimedOut()
    {
        _threshold = Math.Max(Octets / 2, LeastPackets * packetOctets);
        Octets = packetOctets;
        _partlyAcked = 0;
    }
}
