using LiveKit.Proto;
using VideoScale.MediaNode.Forwarding;
using VideoScale.MediaNode.Sdp;

namespace VideoScale.MediaNode.Host.Sessions;

/// <summary>One participant's wish for one track: first a wish, then a media section of its connection, then packets.</summary>
internal sealed class TrackSubscription(ParticipantSession subscriber, PublishedTrack track, int number)
{
    /// <summary>
    /// As its client said it. What that comes to depends on the layers, and those on the publisher, who may come later or offer others.
    /// </summary>
    private UpdateTrackSettings? _wish;
    private bool _flows;
    private bool _held;
    private SectionAnswer.Send? _answer;

    internal ParticipantSession Subscriber { get; } = subscriber;
    internal PublishedTrack Track { get; } = track;
    /// <summary>The engine's name for it.</summary>
    internal int Number { get; } = number;
    /// <summary>The section that carries it; empty until an offer had room.</summary>
    internal string Mid { get; private set; } = "";
    /// <summary>Why no section of its client can carry it, as the client was told; null while one may.</summary>
    internal SubscriptionError? Refused { get; set; }
    /// <summary>Its client has been asked for a section of it, and has not offered since.</summary>
    internal bool IsAsked { get; set; }
    /// <summary>Offers that came after it was asked, and had none.</summary>
    internal int Missed { get; set; }
    internal bool IsWaiting => Mid.Length == 0 && Refused is null;
    /// <summary>Another after each section: what is said of an earlier one is past.</summary>
    internal uint Ssrc { get; private set; } = MediaPlane.RandomSource();
    private uint RtxSsrc { get; set; } = MediaPlane.RandomSource();

    internal bool FitsIn(SdpMedia media) => media.IsVideo == Track.IsVideo && Track.FormatIn(media) is not null;

    /// <summary>Takes a section of the client's offer; null when the client cannot receive the track's codec there.</summary>
    internal SectionAnswer.Send? Describe(SdpMedia media)
    {
        if (Track.FormatIn(media) is not { } format) return null;
        if (!Track.IsVideo) format = format with { Parameters = OpusParameters.ForViewer(format.Parameters, Track.IsStereo) };
        var rtx = media.RtxOf(format.PayloadType);
        if (_answer is { } before && (before.Format.PayloadType, before.RtxPayloadType) != (format.PayloadType, rtx)) Release();
        Mid = media.Mid;
        Refused = null;
        return new SectionAnswer.Send(format, rtx, $"{Track.Owner.Sid}|{Track.Stream}", Track.Sid, Ssrc, rtx == 0 ? 0 : RtxSsrc,
            Track.Owner.Sid);
    }

    /// <summary>The answer names the stream: packets may come.</summary>
    internal void Start(SectionAnswer.Send answer)
    {
        Hold(false);
        _answer = answer;
        StartWhenPublished();
    }

    /// <summary>A track on its way from the room's former owner has its section before there are packets of it.</summary>
    internal void StartWhenPublished()
    {
        if (_flows || !Track.IsPublished || _answer is not { } answer) return;
        if (answer.Format.Variant is not { } taken || Track.Variant?.FitsIn(taken) != true)
        {
            Release(); // it is of another profile than its section was answered for
            return;
        }
        _flows = true;
        var options = new SubscriptionOptions(Number, Subscriber.Downlink.PeerNumber, Track.Number, Ssrc, answer.Format.PayloadType)
        {
            RtxSsrc = RtxSsrc,
            RtxPayloadType = answer.RtxPayloadType,
            FirstSequence = (ushort)MediaPlane.RandomSource(),
            CanonicalName = Track.Owner.Sid,
        };
        var settings = Settings;
        Track.ReachShard(Subscriber.Downlink.ShardNumber);
        Subscriber.Downlink.Ask(
            shard => shard.Engine.Subscribe(options, shard.NowUs) ?? shard.Engine.Configure(options.Subscription, settings, shard.NowUs),
            failure => Subscriber.SubscribeFailed(this, options.Ssrc, failure));
    }

    /// <summary>The client receives nothing on the section for now.</summary>
    internal void Hold(bool held)
    {
        if (_held == held) return;
        _held = held;
        TellSettings();
    }

    /// <summary>Its section can carry it no more; it waits for another, under other numbers: none may be sealed twice.</summary>
    internal void Release()
    {
        Stop();
        (Mid, IsAsked, Missed, _answer, _held) = ("", false, 0, null, false);
        (Ssrc, RtxSsrc) = (MediaPlane.RandomSource(), MediaPlane.RandomSource());
    }

    internal bool FlowsAs(uint ssrc) => _flows && ssrc == Ssrc;

    internal void Configure(UpdateTrackSettings wanted)
    {
        _wish = new UpdateTrackSettings
        {
            Disabled = wanted.Disabled,
            Quality = wanted.Quality,
            Width = wanted.Width,
            Height = wanted.Height,
        };
        TellSettings();
    }

    private void TellSettings()
    {
        if (!_flows) return;
        var (number, settings, ssrc) = (Number, Settings, Ssrc);
        Subscriber.Downlink.Ask(
            shard => shard.Engine.Configure(number, settings, shard.NowUs),
            failure => Subscriber.SubscribeFailed(this, ssrc, failure));
    }

    private SubscriptionSettings Settings
    {
        get
        {
            if (_wish is not { } wish) return SubscriptionSettings.Everything with { Paused = _held };
            var largest = wish is { Width: > 0, Height: > 0 } ? Track.LayerFor(wish.Width, wish.Height) : Track.LayerOf(wish.Quality);
            return new SubscriptionSettings(_held || wish.Disabled
                || wish.Quality == VideoQuality.Off, largest, SubscriptionSettings.AllTemporal);
        }
    }

    /// <summary>The largest layer wanted now; -1 for none.</summary>
    internal int WantedLayer => Settings is { Paused: false } settings && Refused is null ? settings.MaxLayer : -1;

    internal void Stop()
    {
        if (!_flows) return;
        _flows = false;
        var number = Number;
        Subscriber.Downlink.Post(shard => shard.Engine.Unsubscribe(number));
    }
}
