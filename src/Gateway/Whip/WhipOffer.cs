using LiveKit.Proto;
using VideoScale.Gateway.Tokens;

namespace VideoScale.Gateway.Whip;

/// <summary>What an offer means to publish, or to receive, in the words of LiveKit's signalling.</summary>
internal static class WhipOffer
{
    /// <summary>Which every LiveKit client decodes: of these the one that the offerer prefers is taken.</summary>
    private static readonly string[] Universal = ["VP8", "H264"];

    private static readonly string[] Kinds = ["audio", "video"];

    /// <summary>Null when the node can be asked; else what is wrong with the offer (RFC 9725 §4.2, RFC 8839, RFC 8842).</summary>
    internal static string? Check(SdpOutline? offer, bool publishes) => offer switch
    {
        null => "the body is no session description (RFC 8866), or has no media section, or more than 64",
        { IceFragment.Length: < 4 } or { IcePassword.Length: < 22 } => "the offer has no ice-ufrag and ice-pwd (RFC 8839)",
        { HasFingerprint: false } => "the offer has no fingerprint (RFC 8122)",
        { Setup: "passive" or "holdconn" } => "the offer must leave the DTLS handshake to its side (a=setup:actpass or active)",
        _ when publishes && !offer.Sections.Any(section => section.Sends) => "the offer sends nothing: sections have to be sendonly",
        _ when !publishes && !offer.Sections.Any(section => section.Receives) =>
            "the offer receives nothing: sections have to be recvonly",
        _ => null,
    };

    /// <summary>Null when every section that sends can become a track; else which cannot (RFC 9725 §4.4.2).</summary>
    internal static string? CheckTracks(SdpOutline offer) =>
        Kinds.FirstOrDefault(kind => offer.Sections.Count(section => section.Kind == kind && section.Sends) > 1)
            is { } twice ? $"more than one {twice} track" : null;

    /// <summary>The tracks as a client would announce them.</summary>
    /// <param name="screen">They are a shared screen and its sound.</param>
    internal static IEnumerable<AddTrackRequest> Tracks(SdpOutline offer, bool screen) => offer.Sections.Where(section => section.Sends)
        .Select(section => section.Kind == "audio" ? Audio(section, screen) : Video(section, screen));

    /// <summary>A camera and a microphone, unless the token lets its bearer share a screen alone.</summary>
    internal static bool IsScreen(ParticipantGrants grants) => grants.Sources.Contains((int)TrackSource.ScreenShare)
        && !grants.Sources.Contains((int)TrackSource.Camera) && !grants.Sources.Contains((int)TrackSource.Microphone);

    /// <summary>Null when the token lets its bearer publish what the offer brings; else what it does not.</summary>
    internal static string? Refuse(SdpOutline offer, ParticipantGrants grants) => !grants.CanPublish
        ? "the token does not grant canPublish"
        : Tracks(offer, IsScreen(grants)).FirstOrDefault(track => grants.Sources.Length > 0 && !grants.Sources.Contains((int)track.Source))
            is { } not ? $"the token does not allow to publish {ParticipantGrants.NameOf((int)not.Source)}" : null;

    private static AddTrackRequest Audio(OutlinedSection section, bool screen) => new()
    {
        Cid = section.TrackId,
        Type = TrackType.Audio,
        Source = screen ? TrackSource.ScreenShareAudio : TrackSource.Microphone,
    };

    private static AddTrackRequest Video(OutlinedSection section, bool screen)
    {
        var track = new AddTrackRequest
        {
            Cid = section.TrackId,
            Type = TrackType.Video,
            Source = screen ? TrackSource.ScreenShare : TrackSource.Camera,
        };
        track.SimulcastCodecs.AddRange(section.Codecs.Where(Universal.Contains).Select(codec => new SimulcastCodec { Codec = codec }));
        track.Layers.AddRange(Layers(section.Rids));
        return track;
    }

    /// <summary>
    /// LiveKit's clients name their layers q, h and f, and offer them in that order; everybody else offers first what is preferred most,
    /// which is the largest (RFC 8853 §5.2).
    /// </summary>
    private static IEnumerable<VideoLayer> Layers(IReadOnlyList<string> rids)
    {
        if (rids.Count < 2) return [];
        var isNamed = rids.All(rid => rid is "q" or "h" or "f");
        var rising = isNamed ? rids.OrderBy(rid => "qhf".IndexOf(rid, StringComparison.Ordinal)) : rids.Reverse();
        return rising.Take(3).Select((rid, i) => new VideoLayer { Rid = rid, Quality = (VideoQuality)i });
    }
}
