using LiveKit.Proto;
using VideoScale.MediaNode.Forwarding;
using VideoScale.MediaNode.Sdp;
using VideoScale.Model;
using Reason = LiveKit.Proto.RequestResponse.Types.Reason;

namespace VideoScale.MediaNode.Host.Sessions;

/// <summary>What the participant publishes: which section of its offers carries which track, and what cannot be taken.</summary>
internal sealed partial class ParticipantSession
{
    /// <summary>
    /// The track that each section brings; tracks that no section brings any more are over, before others take their places and sources.
    /// </summary>
    internal PublishedTrack?[] MatchTracks(SdpDescription offer, TrackChanges changes)
    {
        var matched = new PublishedTrack?[offer.Media.Count];
        for (var i = 0; i < matched.Length; i++)
            if (IsBrought(offer.Media[i])) matched[i] = TrackNamed(offer.Media[i]);
        // What is left over names no track that is known. A section goes on with what it brought; on new ones, clients that make up ids
        // mean the tracks they announced, in their order.
        for (var i = 0; i < matched.Length; i++)
        {
            var media = offer.Media[i];
            if (matched[i] is not null || !IsBrought(media) || !media.IsUsed) continue;
            // the same track under another name: a replaced camera
            matched[i] = _tracks.Find(track => IsOn(track, media) && !matched.Contains(track));
            if (matched[i] is not null) continue;
            var announced = _tracks.Find(track => !track.IsPublished && !track.IsCarried && track.IsVideo == media.IsVideo
                && !matched.Contains(track));
            // A section for both ways that names nothing may be there to receive alone.
            var isVague = media.TrackId.Length == 0 && media.Direction is SdpDirection.SendReceive && announced?.Choose(media) is null;
            matched[i] = isVague ? null : announced;
        }
        foreach (var track in _tracks.ToArray())
            if ((track.IsPublished || track.IsCarried) && !matched.Contains(track)) Withdraw(track, changes);
        for (var i = 0; i < matched.Length; i++)
            if (matched[i] is { } track && offer.Media[i].TrackId.Length > 0) track.LastTrackId = offer.Media[i].TrackId;
        return matched;

        // Also on a section that cannot be used: its track is not on its way, and its client shall hear of it.
        bool IsBrought(SdpMedia media) =>
            media.IsOffered && media.Direction is (SdpDirection.SendReceive or SdpDirection.SendOnly) && (media.IsAudio || media.IsVideo);
        PublishedTrack? TrackNamed(SdpMedia media) =>
            _tracks.Find(track => IsOn(track, media) && (media.TrackId.Length == 0 || track.Cids.Count == 0
                || track.LastTrackId == media.TrackId || track.Cids.Contains(media.TrackId)) && !matched.Contains(track))
            ?? _tracks.Find(track => !track.IsPublished && track.IsVideo == media.IsVideo && track.Cids.Contains(media.TrackId)
                && !matched.Contains(track));
    }

    private static bool IsOn(PublishedTrack track, SdpMedia media) =>
        (track.IsPublished || track.IsCarried) && track.Info.Mid == media.Mid && track.IsVideo == media.IsVideo;

    /// <summary>Another track of this participant that a stream of the publication belongs to.</summary>
    internal PublishedTrack? TrackWithSource(PublishedTrack self, PublicationOptions wanted)
    {
        HashSet<uint> sources = [.. wanted.Layers.SelectMany(layer => (uint[])[layer.Ssrc, layer.RtxSsrc]).Where(source => source != 0)];
        return _tracks.Find(track => track != self && track.Publication is { } other
            && other.Layers.Any(layer => sources.Contains(layer.Ssrc) || sources.Contains(layer.RtxSsrc)));
    }

    private void Withdraw(PublishedTrack track, TrackChanges changes)
    {
        if (track.IsPublished || track.IsCarried) changes.Withdrawn.Add(track);
        track.Unpublish();
        _tracks.Remove(track);
        Info.Tracks.Remove(track.Info);
    }

    /// <summary>A track that cannot be taken is over, and its client hears why instead of believing that it is seen.</summary>
    private void Refuse(PublishedTrack track, Reason reason, string why, TrackChanges changes)
    {
        if (!_tracks.Contains(track)) return;
        Withdraw(track, changes);
        RefuseTrack(track.Request, reason, why);
        Tell(new SignalResponse { TrackUnpublished = new TrackUnpublishedResponse { TrackSid = track.Sid } });
        Room.RefusedTrack(this, track, why);
    }

    /// <summary>The engine has not taken what was answered as published.</summary>
    internal void PublishFailed(PublishedTrack track, PublicationOptions publication, Failure failure)
    {
        if (track.Publication != publication) return;
        var changes = new TrackChanges();
        Refuse(track, Refusals.ReasonOf(failure), failure.Message, changes);
        Room.TracksChanged(this, changes);
    }

    /// <summary>The engine sends nothing of what was answered as sent: its client is told, and the section is free.</summary>
    /// <param name="ssrc">Under which it was to be sent: what failed may be past already.</param>
    internal void SubscribeFailed(TrackSubscription subscription, uint ssrc, Failure failure)
    {
        if (!_subscriptions.Contains(subscription) || !subscription.FlowsAs(ssrc)) return;
        subscription.Release();
        subscription.Refused = SubscriptionError.SeUnknown;
        TellFailed(subscription.Track, SubscriptionError.SeUnknown);
        Room.RefusedTrack(this, subscription.Track, failure.Message);
        RoomSession.WantedChanged(subscription.Track);
        Room.MissesSections(this); // its section has to be answered as inactive
        Room.AskForSections();
    }

    /// <summary>There is no transport behind what its client was answered: it is told to begin anew instead of waiting for media.</summary>
    internal void TransportFailed(Failure failure)
    {
        if (HasTransport && Room.Find(Identity) == this && Room.GivenUpAtMs == 0) Room.StartAnew(this, failure.Message);
    }

    /// <summary>A track of another is published otherwise than before: its section rests once, and whatever fits carries it anew.</summary>
    internal void Follow(PublishedTrack track)
    {
        if (track.ViewerOf(this) is not { } subscription) return;
        subscription.Release();
        Reconsider(subscription);
    }
}
