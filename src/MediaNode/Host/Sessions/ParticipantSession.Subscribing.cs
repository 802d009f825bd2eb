using LiveKit.Proto;
using VideoScale.Model;

namespace VideoScale.MediaNode.Host.Sessions;

/// <summary>What the participant wants to receive of the others, and what it lets them receive of itself.</summary>
internal sealed partial class ParticipantSession
{
    private const int MostSubscriptions = 2_000;
    private const int MaxPermissions = 2_000;
    private const int MaxSidLength = 64;

    private readonly List<TrackSubscription> _subscriptions = [];
    /// <summary>
    /// Tracks by their ids, whether they are there yet or not: a client says what it wants before those who publish have come back to a
    /// room that moved.
    /// </summary>
    private readonly HashSet<string> _wanted = new(StringComparer.Ordinal), _unwanted = new(StringComparer.Ordinal);
    private HashSet<string> _disabled = new(StringComparer.Ordinal);
    private SubscriptionRights? _rights;
    private readonly bool _autoSubscribe;

    /// <summary>How often the others are moved by what it allows them.</summary>
    internal TickPace RightsPace { get; } = new(burst: 4);

    internal IReadOnlyList<TrackSubscription> Subscriptions => _subscriptions;

    internal TrackSubscription? SubscriptionOn(string mid) => _subscriptions.Find(subscription => subscription.Mid == mid);

    /// <summary>The first that has no section and fits into this one; what does not fit keeps nobody waiting.</summary>
    internal TrackSubscription? NextWaiting(Sdp.SdpMedia media) =>
        _subscriptions.Find(subscription => subscription.Mid.Length == 0 && subscription.FitsIn(media));

    private bool Wants(string sid) => _wanted.Contains(sid) || (_autoSubscribe && !_unwanted.Contains(sid));

    /// <summary>Somebody's track is there to be received, when this participant wants it and may have it.</summary>
    internal void Offered(PublishedTrack track)
    {
        if (Wants(track.Sid) || track.ViewerOf(this) is not null) Subscribe(track);
    }

    /// <summary>Nothing when it is not allowed, or still on its way. Of one too many its client is told.</summary>
    private void Subscribe(PublishedTrack track)
    {
        if (!MayReceive(track) || !track.IsPublished) return;
        if (track.ViewerOf(this) is { } known)
        {
            known.StartWhenPublished();
            if (known.Mid.Length == 0) Reconsider(known);
            return;
        }
        if (_subscriptions.Count >= MostSubscriptions)
        {
            TellFailed(track, SubscriptionError.SeUnknown);
            return;
        }
        var added = AddSubscription(track);
        JudgeWaiting(added, sectionsMoved: false);
        // a newcomer's picture may be of a layer that nobody wanted before
        if (track.ToldLayer < added.WantedLayer) RoomSession.WantedChanged(track);
        if (added.IsWaiting) Room.MissesSections(this);
    }

    private bool MayReceive(PublishedTrack track) => Grants.CanSubscribe && track.Owner.Allows(this, track);

    private TrackSubscription AddSubscription(PublishedTrack track)
    {
        var added = new TrackSubscription(this, track, _numbers.Next());
        if (_disabled.Contains(track.Sid)) added.Configure(new UpdateTrackSettings { Disabled = true });
        _subscriptions.Add(added);
        track.Viewers.Add(this, added);
        return added;
    }

    internal void Unsubscribe(PublishedTrack track)
    {
        if (!track.Viewers.Remove(this, out var subscription)) return;
        subscription.Stop();
        _subscriptions.Remove(subscription);
        if (subscription.Mid.Length > 0) Room.MissesSections(this);
        if (track.IsPublished) RoomSession.WantedChanged(track); // it may have been the last who wanted the highest layer
    }

    /// <summary>Whether another may receive a track of this participant.</summary>
    internal bool Allows(ParticipantSession other, PublishedTrack track) => _rights?.Allow(other.Info, track.Sid) ?? true;

    internal void OnSubscription(UpdateSubscription request)
    {
        foreach (var sid in Sids(request.TrackSids.Concat(request.ParticipantTracks.SelectMany(participant => participant.TrackSids))))
        {
            var (to, from) = request.Subscribe ? (_wanted, _unwanted) : (_unwanted, _wanted);
            from.Remove(sid);
            if (to.Count < MostSubscriptions) to.Add(sid);
            if (Room.FindTrack(sid) is not { } track || track.Owner == this) continue;
            if (!request.Subscribe) Unsubscribe(track);
            else if (MayReceive(track)) Subscribe(track);
            else Tell(new SignalResponse
            {
                SubscriptionPermissionUpdate = new SubscriptionPermissionUpdate
                {
                    ParticipantSid =
                track.Owner.Sid,
                    TrackSid = sid,
                    Allowed = false
                }
            });
        }
    }

    private static IEnumerable<string> Sids(IEnumerable<string> said) =>
        said.Where(sid => sid.Length <= MaxSidLength).Distinct(StringComparer.Ordinal).Take(MostSubscriptions);

    private void OnTrackSetting(UpdateTrackSettings request)
    {
        foreach (var sid in Sids(request.TrackSids))
        {
            if (!request.Disabled) _disabled.Remove(sid);
            if (_subscriptions.Find(known => known.Track.Sid == sid) is not { } subscription) continue;
            subscription.Configure(request);
            RoomSession.WantedChanged(subscription.Track);
        }
    }

    private void OnPermission(SubscriptionPermission permission)
    {
        if (permission.TrackPermissions.Count > MaxPermissions || permission.CalculateSize() > TextLimits.MaxAttributesBytes)
        {
            RefuseLimit(
                $"subscription permissions exceed {MaxPermissions} entries or {TextLimits.MaxAttributesBytes} bytes; the last ones hold");
            return;
        }
        _rights = new SubscriptionRights(permission);
        TellCarried();
        CarryOutRights();
    }

    /// <summary>What the others receive of this participant follows what it allows them; nothing new is received before.</summary>
    internal void CarryOutRights()
    {
        if (!RightsPace.Take()) return;
        foreach (var other in Room.Participants)
        {
            if (other == this) continue;
            foreach (var track in _tracks)
            {
                if (!track.IsPublished) continue;
                var had = track.ViewerOf(other) is not null;
                var may = Allows(other, track);
                if (had == may) continue;
                if (may) other.Offered(track);
                else other.Unsubscribe(track);
                other.Tell(new SignalResponse
                {
                    SubscriptionPermissionUpdate = new SubscriptionPermissionUpdate
                    {
                        ParticipantSid = Sid,
                        TrackSid = track.Sid,
                        Allowed = may
                    }
                });
            }
        }
    }

    /// <summary>What a client that came back wants; of a session that lives on here it is known.</summary>
    private void OnSyncState(SyncState state)
    {
        if (state.Subscription is { } wanted) OnSubscription(wanted);
        _disabled = Sids(state.TrackSidsDisabled).ToHashSet(StringComparer.Ordinal);
        OnReceived(state.DatachannelReceiveStates);
    }
}
