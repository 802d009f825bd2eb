using VideoScale.MediaNode.Codecs;
using VideoScale.MediaNode.Rtp;

namespace VideoScale.MediaNode.Forwarding;

/// <summary>One transport: an ICE and DTLS session, under a number its host chose.</summary>
public sealed record PeerOptions(int Peer, ExtensionIds Extensions)
{
    /// <summary>Whether packets can be sent to it already; later changes come by <see cref="ForwardingEngine.SetReachable"/>.</summary>
    public bool IsReachable { get; init; } = true;
}

/// <summary>One encoding of a publication. Streams are known by SSRC where SDP told it, else by rid at the first packet.</summary>
public sealed record LayerOptions(string Rid = "", uint Ssrc = 0, uint RtxSsrc = 0);

/// <summary>What a peer publishes; layers go from the smallest to the largest.</summary>
public sealed record PublicationOptions(int Track, int Peer, int Room, MediaKind Kind, Codec Codec, byte PayloadType,
    IReadOnlyList<LayerOptions> Layers)
{
    public string Mid { get; init; } = "";
    /// <summary>0 when retransmissions were not negotiated.</summary>
    public byte RtxPayloadType { get; init; }
    /// <summary>
    /// Whether a lost packet may be asked for where it cannot come under a stream of its own: then it comes again as it was.
    /// </summary>
    public bool RepeatsPlainly { get; init; }
    public int ClockRate => Kind is MediaKind.Audio ? 48_000 : 90_000;
}

/// <summary>How one peer receives a publication.</summary>
public sealed record SubscriptionOptions(int Subscription, int Peer, int Track, uint Ssrc, byte PayloadType)
{
    public uint RtxSsrc { get; init; }
    /// <summary>0 when retransmissions were not negotiated.</summary>
    public byte RtxPayloadType { get; init; }
    /// <summary>Where its sequence numbers begin; chance comes from the host.</summary>
    public ushort FirstSequence { get; init; }
    public string CanonicalName { get; init; } = "videoscale";
}

/// <summary>What a subscriber asks for.</summary>
/// <param name="MaxLayer">Index of the largest layer wanted.</param>
/// <param name="MaxTemporal">Highest temporal layer wanted; 3 is all of them.</param>
public readonly record struct SubscriptionSettings(bool Paused, int MaxLayer, int MaxTemporal)
{
    public const int AllTemporal = 3;
    public static SubscriptionSettings Everything => new(false, int.MaxValue, AllTemporal);
}

/// <summary>What a packet is to a transport that cannot send everything.</summary>
public enum PacketKind : byte
{
    Sound,
    /// <summary>A part of a picture, which is of use only with the others.</summary>
    Picture,
    /// <summary>A packet of a picture once more.</summary>
    Repair,
}

/// <summary>Takes what the engine sends. The engine writes into the room it is given, so a packet is copied once.</summary>
public interface IPacketSink
{
    /// <summary>
    /// Room for one datagram of up to <see cref="Recovery.PacketHistory.MaxPacket"/> octets; it is the engine's until it commits.
    /// </summary>
    Span<byte> Reserve(int peer);
    /// <returns>False when it was not taken: it is not sent, and counts as nothing.</returns>
    /// <remarks>What is taken and yet not sent, for want of room, is told to <see cref="ForwardingEngine.TakeBack"/>.</remarks>
    bool CommitRtp(int peer, int length, PacketKind kind);
    /// <returns>The same.</returns>
    bool CommitRtcp(int peer, int length);
}

/// <summary>Carries a publication to the shards where others subscribe to it.</summary>
public interface IMirrorLink
{
    /// <param name="audioLevel">As sent, or -1.</param>
    void Packet(int track, int layer, ReadOnlySpan<byte> packet, int audioLevel, long nowUs);
    void SenderReport(int track, int layer, in Rtcp.SenderInfo report, long nowUs);
    /// <summary>A mirrored publication needs a key frame from its owner.</summary>
    void KeyframeWanted(int track, int layer);
}

/// <summary>What the host learns of the engine, apart from packets.</summary>
public abstract record EngineEvent
{
    private EngineEvent() { }

    /// <summary>Who speaks in a room, loudest first; said when it changes.</summary>
    public sealed record Speakers(int Room, IReadOnlyList<Speaker> Loudest) : EngineEvent;
}

/// <param name="Level">0 silent to 1 loudest.</param>
public readonly record struct Speaker(int Track, double Level);
