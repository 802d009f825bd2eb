using VideoScale.MediaNode.Host.Udp;
using VideoScale.MediaNode.Quality;

namespace VideoScale.MediaNode.Host.Sessions;

/// <summary>Which streams of a session to look at: made on the session loop, used on its shard's thread.</summary>
internal sealed record SessionProbe(ParticipantSession Session, IReadOnlyList<PublishedTrack> Tracks,
    IReadOnlyList<TrackSubscription> Subscriptions)
{
    internal static SessionProbe Of(ParticipantSession session) =>
        new(session, [.. session.Tracks.Where(track => track.IsPublished)], [.. session.Subscriptions]);

    /// <summary>On the shard's thread.</summary>
    internal MeasuredSession Measure(MediaShard shard)
    {
        var up = new List<(PublishedTrack, LayerStatistics)>();
        foreach (var track in Tracks)
            if (shard.Engine.FindPublication(track.Number) is { } publication)
                up.AddRange(publication.Layers.Select(layer => (track, layer.Statistics())));
        var down = new List<(TrackSubscription, SubscriptionStatistics)>();
        foreach (var subscription in Subscriptions)
            if (shard.Engine.FindSubscription(subscription.Number) is { } found) down.Add((subscription, found.Statistics()));
        var (from, to) = (Session.Uplink.PeerNumber, Session.Downlink.PeerNumber);
        return new MeasuredSession(Session, up, down, SilentUs(shard, from, to), shard.Engine.EstimateBps(to),
            Math.Max(shard.Engine.RoundTripUs(from), shard.Engine.RoundTripUs(to)));
    }

    /// <summary>Of two connections one may not be there yet.</summary>
    private static long SilentUs(MediaShard shard, int from, int to)
    {
        var (up, down) = (shard.SilentUs(from), shard.SilentUs(to));
        return up == 0 || down == 0 ? Math.Max(up, down) : Math.Min(up, down);
    }
}

/// <summary>A session's media at one moment.</summary>
/// <param name="SilentUs">Since something authentic was last heard of its client; 0 before the first.</param>
internal sealed record MeasuredSession(ParticipantSession Session, IReadOnlyList<(PublishedTrack Track, LayerStatistics Layer)> Up,
    IReadOnlyList<(TrackSubscription Subscription, SubscriptionStatistics Statistics)> Down, long SilentUs, long EstimateBps,
        long RoundTripUs);
