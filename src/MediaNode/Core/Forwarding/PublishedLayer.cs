using VideoScale.MediaNode.Quality;
using VideoScale.MediaNode.Recovery;
using VideoScale.MediaNode.Rtcp;
using VideoScale.MediaNode.Rtp;

namespace VideoScale.MediaNode.Forwarding;

/// <summary>One incoming stream of a publication, and all that is known of it.</summary>
public sealed class PublishedLayer
{
    /// <summary>A layer that was silent this long has been stopped by its publisher.</summary>
    public const long SilentUs = 1_000_000;
    /// <summary>A layer has to last this long before subscribers move up to it.</summary>
    public const long SettleUs = 2_000_000;

    internal Unwrapper Unwrapper = new(16);
    internal ReceptionQuality Reception;
    internal FrameQuality Frames;
    internal KeyframeRequester Keyframes;
    internal SenderInfo Report;
    internal long ReportUs;
    internal long LiveSinceUs;

    internal PublishedLayer(Publication publication, int index, LayerOptions options)
    {
        Publication = publication;
        Index = index;
        Rid = options.Rid;
        Ssrc = options.Ssrc;
        RtxSsrc = options.RtxSsrc;
        if (publication.IsVideo)
        {
            History = new PacketHistory();
            if (publication.Peer is not null) Nacks = new NackGenerator(); // a mirror's owner asks
        }
    }

    public Publication Publication { get; }
    public int Index { get; }
    public string Rid { get; }
    /// <summary>0 until known.</summary>
    public uint Ssrc { get; internal set; }
    public uint RtxSsrc { get; internal set; }
    public long KeyframesAsked { get; internal set; }
    internal PacketHistory? History { get; }
    internal NackGenerator? Nacks { get; }
    internal bool HasReport => ReportUs != 0;

    public bool IsLive(long nowUs) => Reception.Packets > 0 && (Publication.Layers.Length == 1 || nowUs - Reception.LastUs < SilentUs);
    public bool IsSettled(long nowUs) => IsLive(nowUs) && (Publication.Layers.Length == 1 || nowUs - LiveSinceUs >= SettleUs);

    internal void NoteLive(long nowUs)
    {
        if (Reception.Packets != 0 && nowUs - Reception.LastUs < SilentUs) return;
        if (WasStopped(nowUs)) Frames.Pause(); // on purpose, which is no freeze
        LiveSinceUs = nowUs;
    }

    /// <summary>Whether a silence was the publisher's will: nobody received anything, or another layer came all the while.</summary>
    private bool WasStopped(long nowUs)
    {
        if (!Publication.IsReceived) return true;
        foreach (var other in Publication.Layers)
            if (other != this && other.LiveSinceUs <= Reception.LastUs && nowUs - other.Reception.LastUs < SilentUs) return true;
        return false;
    }

    public LayerStatistics Statistics() => new()
    {
        Rid = Rid,
        Ssrc = Ssrc,
        RtxSsrc = RtxSsrc,
        Packets = Reception.Packets,
        Octets = Reception.Octets,
        BitsPerSecond = Reception.BitsPerSecond,
        Lost = Math.Max(0, Reception.Lost),
        LostOnTheWay = Math.Max(0, Reception.LostOnTheWay),
        JitterMs = Reception.Jitter * 1000.0 / Publication.Options.ClockRate,
        Duplicates = Reception.Duplicates,
        NacksSent = Nacks?.Asked ?? 0,
        Recovered = Nacks?.Recovered ?? 0,
        GivenUp = Nacks?.GivenUp ?? 0,
        RetransmissionsReceived = Reception.Retransmissions,
        KeyframesAsked = KeyframesAsked,
        RoundTripMs = (Nacks?.RoundTripUs ?? 0) / 1000.0,
        Frames = Frames.Frames,
        KeyFrames = Frames.KeyFrames,
        FramesPerSecond = Frames.FramesPerSecond,
        Width = Frames.Width,
        Height = Frames.Height,
        ResolutionChanges = Frames.ResolutionChanges,
        Freezes = Frames.Freezes,
        FrozenMs = Frames.FrozenUs / 1000.0,
        AudioGaps = Reception.AudioGaps,
    };
}

/// <summary>A published track: one layer, or several of simulcast.</summary>
public sealed class Publication
{
    internal Publication(PublicationOptions options, Peer? peer)
    {
        Options = options;
        Peer = peer;
        Layers = [.. options.Layers.Select((layer, index) => new PublishedLayer(this, index, layer))];
    }

    public PublicationOptions Options { get; }
    public System.Collections.Immutable.ImmutableArray<PublishedLayer> Layers { get; }
    public bool Muted { get; internal set; }
    public bool IsVideo => Options.Kind is Codecs.MediaKind.Video;
    /// <summary>Null for a mirror of a publication on another shard.</summary>
    internal Peer? Peer { get; }
    internal List<Subscription> Subscriptions { get; } = [];
    internal bool Mirrored { get; set; }
    /// <summary>Whether anybody gets packets of it now, here or on another shard.</summary>
    internal bool IsReceived
    {
        get
        {
            foreach (var subscription in Subscriptions) if (subscription.CurrentLayer >= 0) return true;
            return Mirrored;
        }
    }
    /// <summary>Who speaks where this is heard; null for video and mirrors.</summary>
    internal ActiveSpeakers? Room { get; set; }
}
