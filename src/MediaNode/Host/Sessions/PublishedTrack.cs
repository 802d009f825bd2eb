using LiveKit.Proto;
using VideoScale.MediaNode.Codecs;
using VideoScale.MediaNode.Forwarding;
using VideoScale.MediaNode.Sdp;
using VideoScale.Model;
using VideoScale.V1;
using Codec = VideoScale.MediaNode.Codecs.Codec;

namespace VideoScale.MediaNode.Host.Sessions;

/// <summary>A track of a participant: announced with add_track, published once an offer carries it.</summary>
internal sealed class PublishedTrack(ParticipantSession owner, int number, AddTrackRequest request, TrackInfo info)
{
    /// <summary>From the smallest to the largest, as LiveKit's clients name their encodings.</summary>
    private const string RidOrder = "qhf";
    /// <summary>The former owner may have told it anything.</summary>
    private const int UnknownLayer = -2;

    private static readonly Codec[] ByReach = [Codec.Vp8, Codec.H264, Codec.Vp9, Codec.Av1];
    private const int MostLayers = 3;

    private readonly HashSet<int> _mirrors = [];
    /// <summary>As the former owner knew them: the client does not name them again.</summary>
    private IReadOnlyList<PublishedStream> _streams = [];

    internal ParticipantSession Owner { get; } = owner;
    /// <summary>The engine's name for it.</summary>
    internal int Number { get; } = number;
    internal AddTrackRequest Request { get; } = request;
    internal TrackInfo Info { get; } = info;
    internal string Sid => Info.Sid;
    internal bool IsVideo => Info.Type == TrackType.Video;
    internal PublicationOptions? Publication { get; private set; }
    internal bool IsPublished => Publication is not null;
    /// <summary>Published at the room's former owner, and its client has not come with it yet.</summary>
    internal bool IsCarried { get; private set; }
    /// <summary>Who receives it, or waits for a section to receive it on.</summary>
    internal Dictionary<ParticipantSession, TrackSubscription> Viewers { get; } = [];
    /// <summary>How often its client is told which layers are wanted.</summary>
    internal TickPace WantedPace { get; } = new(burst: 4);
    /// <summary>By the server API, and its client has not unmuted it since.</summary>
    internal bool IsMutedByServer { get; set; }
    /// <summary>
    /// The largest layer somebody wants, as its client was last told; null while it was told nothing, and sends them all.
    /// </summary>
    internal int? ToldLayer { get; set; }
    /// <summary>The client's own ids for it, one of which its offer carries.</summary>
    internal IReadOnlySet<string> Cids { get; } = new HashSet<string>(request.SimulcastCodecs.Select(codec => codec.Cid).Append(request.Cid)
        .Where(cid => cid.Length > 0), StringComparer.Ordinal);
    /// <summary>The id under which an offer last carried it.</summary>
    internal string LastTrackId { get; set; } = "";
    internal Codec Codec { get; private set; }
    /// <summary>What of the codec its viewers need; null until it is published here.</summary>
    internal CodecVariant? Variant { get; private set; }
    internal bool IsStereo => Info.Stereo || Info.AudioFeatures.Contains(AudioTrackFeature.TfStereo);
    private bool SendsSilence => Info.DisableDtx || Info.AudioFeatures.Contains(AudioTrackFeature.TfNoDtx);

    internal TrackSubscription? ViewerOf(ParticipantSession viewer) => Viewers.GetValueOrDefault(viewer);

    /// <summary>What LiveKit's clients may say in two ways is shown in both.</summary>
    internal void SetAudioFeatures(IEnumerable<AudioTrackFeature> features)
    {
        AudioTrackFeature[] all = [.. TrackDescription.Known(features)];
        Info.AudioFeatures.Clear();
        Info.AudioFeatures.AddRange(all);
        (Info.Stereo, Info.DisableDtx) = (all.Contains(AudioTrackFeature.TfStereo), all.Contains(AudioTrackFeature.TfNoDtx));
    }

    /// <summary>Tracks with one stream id are played in step.</summary>
    internal string Stream => Request.Stream.Length > 0 ? Clean(Request.Stream) : Info.Source switch
    {
        TrackSource.Camera or TrackSource.Microphone => "camera",
        TrackSource.ScreenShare or TrackSource.ScreenShareAudio => "screenshare",
        _ => Sid,
    };

    /// <summary>A track that was published at another node, as its client knows it.</summary>
    internal static PublishedTrack Carried(ParticipantSession owner, int number, TrackInfo info, IReadOnlyList<PublishedStream> streams)
    {
        var request = new AddTrackRequest
        {
            Cid = info.Codecs.Count > 0 ? info.Codecs[0].Cid : "",
            Name = info.Name,
            Type = info.Type,
            Width = info.Width,
            Height = info.Height,
            Muted = info.Muted,
            DisableDtx = info.DisableDtx,
            Source = info.Source,
            Stereo = info.Stereo,
            Stream = info.Stream,
        };
        request.Layers.AddRange(TrackDescription.Copy(info.Layers));
        request.SimulcastCodecs.AddRange(info.Codecs.Select(codec => new SimulcastCodec { Codec = codec.MimeType, Cid = codec.Cid }));
        return new PublishedTrack(owner, number, request, info)
        {
            IsCarried = true,
            ToldLayer = UnknownLayer,
            Codec = info.Type == TrackType.Audio ? Codec.Opus : CodecNames.Find(info.MimeType) ?? Codec.Vp8,
            _streams = streams,
        };
    }

    /// <summary>The codec that it has already comes first, then those that the client asked for, then what most viewers have.</summary>
    internal SdpFormat? Choose(SdpMedia media)
    {
        if (!IsVideo) return media.Find(Codec.Opus);
        if (Variant is { } same && media.Formats.FirstOrDefault(format => format.Variant == same) is { } kept) return kept;
        foreach (var codec in Request.SimulcastCodecs)
            if (CodecNames.Find(codec.Codec) is { } asked && media.Find(asked) is { } found) return found;
        foreach (var codec in ByReach)
            if (media.Find(codec) is { } found) return found;
        return null;
    }

    /// <summary>Whether it can be received on a section. Before it is published its codec alone is known.</summary>
    internal SdpFormat? FormatIn(SdpMedia media) => Variant is { } variant ? media.Find(variant) : media.Find(Codec);

    /// <summary>A section of our own offer to carry it; null for what cannot be offered.</summary>
    internal SdpMedia? OfferOn(string mid) => OfferedMedia.Track(mid, Variant ?? new CodecVariant(Codec), IsStereo);

    /// <summary>The answer for the section that brings it.</summary>
    internal SectionAnswer.Receive Answer(SdpMedia media, SdpFormat format) =>
        new(IsVideo ? format : format with { Parameters = OpusParameters.ForPublisher(format.Parameters, dtx: !SendsSilence, IsStereo) },
            media.RtxOf(format.PayloadType), TakesLayers(format) ? media.Rids : []);

    /// <summary>
    /// Layers of codecs that carry numbers of their own through a stream cannot be joined to one: of those the client is to send a single
    /// stream.
    /// </summary>
    private static bool TakesLayers(SdpFormat format) => format.Is(Codec.Vp8) || format.Is(Codec.H264);

    /// <summary>The publication that a section stands for.</summary>
    internal PublicationOptions Describe(SdpMedia media, SdpFormat format)
    {
        LayerOptions[] layers = TakesLayers(format) && media.Rids.Count > 0
            ? [.. media.Rids.Select(rid => rid.Rid).OrderBy(RankOf).Take(MostLayers)
                .Select(LayerOf)]
            : [.. media.Sources.Take(TakesLayers(format) ? MostLayers : 1)
                .Select(source => new LayerOptions("", source.Ssrc, source.RtxSsrc))];
        return new PublicationOptions(Number, Owner.Uplink.PeerNumber, Owner.Room.Number, IsVideo ? MediaKind.Video : MediaKind.Audio,
            format.Variant!.Value.Codec, format.PayloadType, layers.Length > 0 ? layers : [new LayerOptions()])
        {
            Mid = media.OfferedMid,
            RtxPayloadType = media.RtxOf(format.PayloadType),
            RepeatsPlainly = format.Feedback.Contains("nack", StringComparer.Ordinal),
        };
    }

    /// <summary>
    /// Whether its packets come as they are already published. A stream whose source is not told may have been found since.
    /// </summary>
    internal bool IsPublishedAs(PublicationOptions wanted) => Publication is { } now
        && (now.Codec, now.PayloadType, now.RtxPayloadType, now.Mid) == (wanted.Codec, wanted.PayloadType, wanted.RtxPayloadType,
            wanted.Mid)
        && now.Layers.Select(layer => layer.Rid).SequenceEqual(wanted.Layers.Select(layer => layer.Rid), StringComparer.Ordinal)
        && (wanted.Layers.All(layer => layer.Rid.Length > 0 || layer.Ssrc == 0) || now.Layers.SequenceEqual(wanted.Layers));

    internal void Publish(SdpMedia media, SdpFormat format, PublicationOptions publication)
    {
        var layers = publication.Layers;
        Codec = publication.Codec;
        Variant = format.Variant;
        Publication = publication;
        IsCarried = false;
        Info.Mid = media.Mid;
        Info.MimeType = CodecNames.Mime(Codec);
        Info.Simulcast = layers.Count > 1;
        if (Info.Codecs.Count > 0)
        {
            Info.Codecs[0].MimeType = Info.MimeType;
            Info.Codecs[0].Mid = media.Mid;
        }
        var muted = Info.Muted;
        Owner.Uplink.Ask(
            shard => shard.Engine.Publish(publication) ?? (muted ? shard.Engine.SetMuted(publication.Track, true) : null),
            failure => Owner.PublishFailed(this, publication, failure));
    }

    /// <summary>Where a layer stands: as its client said of it, else by its name.</summary>
    private int RankOf(string rid) => Request.Layers.FirstOrDefault(layer => layer.Rid == rid) is { } named && rid.Length > 0
        ? (int)named.Quality : RidOrder.IndexOf(rid, StringComparison.Ordinal);

    private LayerOptions LayerOf(string rid) => _streams.FirstOrDefault(stream => stream.Rid == rid) is { } known
        ? new LayerOptions(rid, known.Ssrc, known.RtxSsrc) : new LayerOptions(rid);

    internal void Unpublish()
    {
        if (Publication is null) return;
        var track = Number;
        Owner.Uplink.Post(shard => shard.Unpublish(track));
        foreach (var mirror in _mirrors) Owner.Uplink.Plane.Shards[mirror].Post(shard => shard.Unpublish(track));
        _mirrors.Clear();
        Publication = null;
        Info.Mid = "";
    }

    internal void SetMuted(bool muted)
    {
        Info.Muted = muted;
        if (Publication is not { } publication) return;
        var track = Number;
        Owner.Uplink.Ask(shard => shard.Engine.SetMuted(track, muted), failure => Owner.PublishFailed(this, publication, failure));
        foreach (var mirror in _mirrors)
            Owner.Uplink.Ask(mirror, shard => shard.Engine.SetMuted(track, muted), failure => MirrorFailed(publication, mirror, failure));
    }

    /// <summary>Before a peer on another shard subscribes: that shard gets a mirror.</summary>
    internal void ReachShard(int shardNumber)
    {
        if (Publication is not { } publication || shardNumber == Owner.Uplink.ShardNumber || !_mirrors.Add(shardNumber)) return;
        var owner = Owner.Uplink.ShardNumber;
        var muted = Info.Muted;
        Owner.Uplink.Ask(
            shardNumber,
            shard => shard.Mirror(publication, owner) ?? (muted ? shard.Engine.SetMuted(publication.Track, true) : null),
            failure => MirrorFailed(publication, shardNumber, failure));
        Owner.Uplink.Ask(
            shard => shard.SetMirrored(publication.Track, shardNumber, mirrored: true),
            failure => Owner.PublishFailed(this, publication, failure));
    }

    /// <summary>Nothing of it reaches the subscribers on a shard: each of them is told.</summary>
    private void MirrorFailed(PublicationOptions publication, int shardNumber, Failure failure)
    {
        if (Publication != publication) return;
        _mirrors.Remove(shardNumber);
        foreach (var (viewer, subscription) in Viewers.ToArray())
            if (viewer.Downlink.ShardNumber == shardNumber) viewer.SubscribeFailed(subscription, subscription.Ssrc, failure);
    }

    /// <summary>Before it is published it may come to have them all.</summary>
    private int LayerCount => Publication?.Layers.Count ?? MostLayers;

    /// <summary>The layer that a quality names; with fewer layers the largest stands for all above it.</summary>
    internal int LayerOf(VideoQuality quality) =>
        Math.Min(quality switch { VideoQuality.Low => 0, VideoQuality.Medium => 1, _ => 2 }, LayerCount - 1);

    /// <summary>The smallest layer that fills a tile of this size.</summary>
    internal int LayerFor(uint width, uint height)
    {
        var best = LayerCount - 1;
        foreach (var layer in Request.Layers)
            if (layer.Width >= width && layer.Height >= height) best = Math.Min(best, LayerOf(layer.Quality));
        return best;
    }

    /// <summary>It stands in other clients' session descriptions.</summary>
    private static string Clean(string stream) =>
        string.Concat(stream.Where(c => char.IsAsciiLetterOrDigit(c) || c is '_' or '-').Take(64));
}
