namespace VideoScale.MediaNode.Ice;

/// <summary>Notices a peer that has chosen its path and makes no keys over it: it would be connected and silent for ever.</summary>
/// <remarks>
/// Firefox, led to another node, restarts ICE and keeps its former DTLS association whatever the fingerprint (RFC 8842 §4 asks for a new
/// one). Any client may be stuck in another way. A handshake that goes on over a slow path has longer.
/// </remarks>
public sealed class HandshakeWatch
{
    /// <summary>From the nomination, as long as nothing of a handshake was heard lately.</summary>
    public const long PatienceUs = 2_000_000;
    /// <summary>However much is heard.</summary>
    public const long MostUs = 6_000_000;
    /// <summary>A handshake under way is heard more often: its flights are repeated each second at first (RFC 6347 §4.2.4.1).</summary>
    private const long LatelyUs = 1_500_000;

    private long _heardUs;
    private bool _noticed;

    /// <summary>Something of a handshake came.</summary>
    public void Heard(long nowUs) => _heardUs = nowUs;

    /// <param name="nominatedUs">When the peer chose its path; 0 when it has not.</param>
    /// <returns>True once: the peer has to begin anew.</returns>
    public bool IsOverdue(long nominatedUs, bool isKeyed, long nowUs)
    {
        if (isKeyed || nominatedUs == 0 || _noticed) return false;
        var waitedUs = nowUs - nominatedUs;
        var underWay = _heardUs != 0 && nowUs - _heardUs < LatelyUs;
        return _noticed = waitedUs >= MostUs || (waitedUs >= PatienceUs && !underWay);
    }
}
