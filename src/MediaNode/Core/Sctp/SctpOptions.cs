namespace VideoScale.MediaNode.Sctp;

/// <summary>Bounds and times of an association. What a peer makes us keep is bounded by them, whatever it sends.</summary>
public sealed record SctpOptions
{
    /// <summary>A browser's "max-message-size" and ours: larger messages end the association.</summary>
    public const int MaxMessageOctets = 262_144;
    /// <summary>What SDP names the association by (RFC 8841).</summary>
    public const ushort Port = 5000;

    /// <summary>A packet as DTLS gets it: 1,200 octets with DTLS 1.2 around it, below every path that browsers meet.</summary>
    public int MaxPacketOctets { get; init; } = 1_148;
    /// <summary>What we tell the peer we have room for. Its last message may stand beside it.</summary>
    public int ReceiveWindowOctets { get; init; } = 1 << 20;
    /// <summary>Queued and on their way: nothing more is taken beyond.</summary>
    public int SendBufferOctets { get; init; } = 2 << 20;
    /// <summary>Streams that a peer may use; libwebrtc's highest id is 1,023.</summary>
    public ushort MaxStreams { get; init; } = 1_024;
    /// <summary>RFC 9260 has 1 s, for paths across the world; libwebrtc 500 ms.</summary>
    public long InitialTimeoutUs { get; init; } = 500_000;
    /// <summary>Above every delay of acknowledgements (200 ms) and a path's jitter, as libwebrtc.</summary>
    public long MinTimeoutUs { get; init; } = 400_000;
    /// <summary>ICE ends what is dead; what comes back after a pause shall not wait long. libwebrtc waits as long.</summary>
    public long MaxTimeoutUs { get; init; } = 3_000_000;
    /// <summary>A lone packet is acknowledged after that; the second at once.</summary>
    public long AckDelayUs { get; init; } = 40_000;
    /// <summary>How long a cookie may be under way (RFC 9260 §15: Valid.Cookie.Life).</summary>
    public long CookieLifeUs { get; init; } = 60_000_000;
}
