using LiveKit.Proto;
using VideoScale.MediaNode.Sdp;

namespace VideoScale.MediaNode.Host.Sessions;

/// <summary>
/// Media sections for what the participant receives. With one connection the server never offers: it says how many are missing, and the
/// client offers anew.
/// </summary>
internal sealed partial class ParticipantSession
{
    /// <summary>
    /// An offer that was on its way when its client was asked may lack the section; one that comes after the second time lacks it for good.
    /// </summary>
    private const int MostMissed = 2;

    /// <summary>
    /// Sections that its client was asked for since its last offer: it adds up what it is asked for. Null while it was not asked to offer.
    /// </summary>
    private (uint Audios, uint Videos)? _sectionsAsked;

    /// <returns>False while there is nobody to ask: the connection is not open yet, or the client is away.</returns>
    internal bool AskForSections() => IsUnattended || (Offers?.Offer() ?? AskClientForSections());

    /// <summary>
    /// Asks for the sections that are missing and were not asked for since the last offer; where there is room already, only to offer anew.
    /// </summary>
    private bool AskClientForSections()
    {
        if (!Downlink.IsOpen || Link is null) return false;
        var free = Media.Free.ToList();
        var (audios, videos) = (0u, 0u);
        var asks = Media.HasLeftover;
        foreach (var subscription in _subscriptions)
        {
            if (!subscription.IsWaiting) continue;
            asks = subscription.IsAsked = true;
            var at = free.FindIndex(subscription.FitsIn);
            if (at >= 0) free.RemoveAt(at);
            else if (subscription.Track.IsVideo) videos++;
            else audios++;
        }
        if (!asks) return true;
        var (before, isFirst) = (_sectionsAsked ?? (0, 0), _sectionsAsked is null);
        _sectionsAsked = (Math.Max(audios, before.Audios), Math.Max(videos, before.Videos));
        var missing = new MediaSectionsRequirement
        {
            NumAudios = _sectionsAsked.Value.Audios - before.Audios,
            NumVideos = _sectionsAsked.Value.Videos - before.Videos,
        };
        if (isFirst || missing.NumAudios + missing.NumVideos > 0) Tell(new SignalResponse { MediaSectionsRequirement = missing });
        return true;
    }

    /// <summary>After an offer: what found no section in it is asked for again, or given up aloud.</summary>
    private void JudgeWaiting(bool sectionsMoved)
    {
        _sectionsAsked = null;
        foreach (var subscription in _subscriptions)
        {
            if (subscription.IsAsked) subscription.Missed++;
            subscription.IsAsked = false;
            JudgeWaiting(subscription, sectionsMoved);
        }
        if (_subscriptions.Exists(subscription => subscription.IsWaiting)) Room.MissesSections(this);
    }

    /// <summary>A subscription that no section can carry is told once; asking on would have its client offer for ever.</summary>
    private void JudgeWaiting(TrackSubscription subscription, bool sectionsMoved)
    {
        if (subscription.Mid.Length > 0 || Offers is not null) return; // whether a client can take our offer its answer says
        var before = subscription.Refused;
        if (!Media.MayReceive(subscription)) subscription.Refused = SubscriptionError.SeCodecUnsupported;
        else if (!sectionsMoved && subscription.Missed >= MostMissed) subscription.Refused = SubscriptionError.SeUnknown;
        else if (sectionsMoved || before is SubscriptionError.SeCodecUnsupported) (subscription.Refused, subscription.Missed) = (null, 0);
        if (subscription.Refused == before) return;
        if (subscription.Refused is { } why) TellFailed(subscription.Track, why);
        RoomSession.WantedChanged(subscription.Track);
    }

    /// <summary>No section of our offers can carry it: its client is told.</summary>
    /// <returns>False: there is nothing to offer.</returns>
    internal bool CannotReceive(TrackSubscription subscription, SubscriptionError why)
    {
        if (subscription.Mid.Length > 0) subscription.Release();
        subscription.Refused = why;
        TellFailed(subscription.Track, why);
        RoomSession.WantedChanged(subscription.Track);
        return false;
    }

    /// <summary>Something else than sections has changed: what was given up before may find its way now, or is told anew.</summary>
    private void Reconsider(TrackSubscription subscription)
    {
        (subscription.Refused, subscription.Missed) = (null, 0);
        JudgeWaiting(subscription, sectionsMoved: false);
        if (subscription.IsWaiting) Room.MissesSections(this);
    }

    /// <summary>Sections that can no longer carry what they carried let it go; where the client only pauses, packets pause.</summary>
    internal void ReleaseSections(SdpDescription offer, IReadOnlyList<SectionAnswer> answers)
    {
        foreach (var subscription in _subscriptions)
        {
            if (subscription.Mid.Length == 0) continue;
            var at = offer.IndexOf(subscription.Mid);
            if (at < 0 || answers[at] is not SectionAnswer.Idle || !subscription.FitsIn(offer.Media[at])) subscription.Release();
            else if (!offer.Media[at].Receives) subscription.Hold(true);
        }
    }
}
