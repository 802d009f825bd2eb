using LiveKit.Proto;
using VideoScale.MediaNode.Forwarding;
using VideoScale.MediaNode.Sdp;

namespace VideoScale.MediaNode.Host.Sessions;

/// <summary>One participant's wish for one track: first a wish, then a media section of its connection, then packets.</summary>
internal sealed class TrackSubscription(ParticipantSession subscriber, PublishedTrack track, int number)
{
    private SubscriptionSettings _settings = SubscriptionSettings.Everything;
    private bool _flows;
    private SectionAnswer.Send? _answer;

    internal ParticipantSession Subscriber { get; } = subscriber;
    internal PublishedTrack Track { get; } = track;
    /// <summary>The engine's name for it.</summary>
    internal int Number { get; } = number;
    /// <summary>The section that carries it; empty until an offer had room.</summary>
    internal string Mid { get; private set; } = "";
    private uint Ssrc { get; } = MediaPlane.RandomSource();
    private uint RtxSsrc { get; } = MediaPlane.RandomSource();

    /// <summary>Takes a section of the client's offer; null when the client cannot receive the track's codec there.</summary>
    internal SectionAnswer.Send? Describe(SdpMedia media)
    {
        if (media.Find(Track.Codec) is not { } format) return null;
        var rtx = media.RtxOf(format.PayloadType);
        Mid = media.Mid;
        return new SectionAnswer.Send(format, rtx, $"{Track.Owner.Sid}|{Track.Stream}", Track.Sid, Ssrc, rtx == 0 ? 0 : RtxSsrc, Track.Owner.Sid);
    }

    /// <summary>The answer names the stream: packets may come.</summary>
    internal void Start(SectionAnswer.Send answer)
    {
        _answer = answer;
        StartWhenPublished();
    }

    /// <summary>A track on its way from the room's former owner has its section before there are packets of it.</summary>
    internal void StartWhenPublished()
    {
        if (_flows || !Track.IsPublished || _answer is not { } answer) return;
        _flows = true;
        var options = new SubscriptionOptions(Number, Subscriber.Media.PeerNumber, Track.Number, Ssrc, answer.Format.PayloadType)
        {
            RtxSsrc = RtxSsrc,
            RtxPayloadType = answer.RtxPayloadType,
            FirstSequence = (ushort)MediaPlane.RandomSource(),
            CanonicalName = Track.Owner.Sid,
        };
        var settings = _settings;
        Track.ReachShard(Subscriber.Media.ShardNumber);
        Subscriber.Media.Post(shard =>
        {
            shard.Engine.Subscribe(options, shard.NowUs);
            if (settings != SubscriptionSettings.Everything) shard.Engine.Configure(options.Subscription, settings, shard.NowUs);
        });
    }

    internal void Configure(UpdateTrackSettings wanted)
    {
        var largest = wanted.Width > 0 && wanted.Height > 0 ? Track.LayerFor(wanted.Width, wanted.Height) : Track.LayerOf(wanted.Quality);
        _settings = new SubscriptionSettings(wanted.Disabled || wanted.Quality == VideoQuality.Off, largest, SubscriptionSettings.AllTemporal);
        if (!_flows) return;
        var (number, settings) = (Number, _settings);
        Subscriber.Media.Post(shard => shard.Engine.Configure(number, settings, shard.NowUs));
    }

    /// <summary>The largest layer wanted now; -1 for none.</summary>
    internal int WantedLayer => _settings.Paused ? -1 : _settings.MaxLayer;

    internal void Stop()
    {
        if (!_flows) return;
        _flows = false;
        var number = Number;
        Subscriber.Media.Post(shard => shard.Engine.Unsubscribe(number));
    }
}
