using VideoScale.MediaNode.Sdp;
using VideoScale.Model;

namespace VideoScale.MediaNode.Host.Sessions;

/// <summary>
/// Answers the offers of a participant's client: what each of their sections carries, on the connection over which it sends, and receives
/// unless it has another for that.
/// </summary>
internal sealed class PeerMedia(ParticipantSession owner, PeerTransport transport)
{
    private readonly HashSet<string> _used = new(StringComparer.Ordinal); // sections that carried a subscription in the last answer
    private readonly ulong _sessionId = MediaPlane.RandomSource();
    private ulong _version;

    /// <summary>Sections of the last offer on which the client receives.</summary>
    private IReadOnlyList<SdpMedia> _receiving = [];
    /// <summary>Those of them that could carry a track and carry none.</summary>
    internal IReadOnlyList<SdpMedia> Free { get; private set; } = [];
    /// <summary>Sections that lost their track and were not answered as inactive yet.</summary>
    internal bool HasLeftover => _used.Any(mid => owner.SubscriptionOn(mid) is null);

    /// <summary>Whether the client may take the track: as long as it offered no section of the kind, nothing speaks against it.</summary>
    internal bool MayReceive(TrackSubscription subscription) =>
        _receiving.Any(subscription.FitsIn) || !_receiving.Any(media => media.IsVideo == subscription.Track.IsVideo);

    /// <summary>
    /// A section that carried a track at the room's former owner: unless it goes on with that one it rests once, like any other.
    /// </summary>
    internal void Carried(string mid) => _used.Add(mid);

    /// <summary>
    /// Answers an offer: opens or restarts the transport, publishes and unpublishes, gives sections to waiting subscriptions.
    /// </summary>
    /// <param name="midToTrack">Gets which section carries which track.</param>
    /// <param name="tracks">Gets tracks that are published with this offer, and those that no longer are.</param>
    internal (string? Answer, Failure? Failure) Negotiate(string text, IDictionary<string, string> midToTrack, TrackChanges tracks)
    {
        var (offer, failure) = SdpParser.Parse(text);
        if (offer is null) return (null, failure);
        if (transport.IsAnother(offer.Remote))
        {
            tracks.IsAnotherConnection = true;
            return (null, null); // before anything is taken from those who know the session by its tracks
        }
        tracks.NoTransport = transport.Follow(offer);
        var answers = new SectionAnswer[offer.Media.Count];
        for (var i = 0; i < answers.Length; i++)
            answers[i] = transport.IsOpen && offer.Media[i].IsUsed ? Keep(offer.Media[i]) : new SectionAnswer.Refused();
        var published = owner.MatchTracks(offer, tracks);
        for (var i = 0; i < answers.Length; i++)
            if (published[i] is { } track && AnswerSender(offer.Media[i], answers[i], track, tracks) is { } answer) answers[i] = answer;
        if (owner.Offers is null) AssignReceivers(offer, answers, midToTrack, tracks);
        return (SdpWriter.Write(offer, answers, transport.Described, _sessionId, ++_version), null);
    }

    /// <summary>A section without a format we could name cannot even be kept.</summary>
    private static SectionAnswer Keep(SdpMedia media) => media.IsData ? new SectionAnswer.Data()
        : media.Formats.Count > 0 && (media.IsAudio || media.IsVideo) && media.Protocol.Contains("RTP/", StringComparison.OrdinalIgnoreCase)
            ? new SectionAnswer.Idle() : new SectionAnswer.Refused();

    /// <summary>A section that brings a track is answered by what is taken of it; a track that cannot be taken is refused aloud.</summary>
    private SectionAnswer.Receive? AnswerSender(SdpMedia media, SectionAnswer kept, PublishedTrack track, TrackChanges tracks)
    {
        if (tracks.NoTransport is { } failure) return Refuse(failure.Message);
        if (!media.IsUsed)
            return Refuse(
                "its section has no part in the connection: it stands in no bundle with the others, or under the name of another");
        if (kept is SectionAnswer.Refused || track.Choose(media) is not { } format)
        {
            var offers = media.Formats.Where(offered => offered.IsMedia)
                .Select(offered => $"{offered.Name} {offered.Parameters}".TrimEnd());
            return Refuse($"no codec in common: {string.Join(", ", offers)}");
        }
        var wanted = track.Describe(media, format);
        if (!track.IsPublishedAs(wanted))
        {
            if (owner.TrackWithSource(track, wanted) is { } other) return Refuse($"a stream of it is one of track {other.Sid}");
            var again = track.IsPublished;
            track.Unpublish();
            track.Publish(media, format, wanted);
            (again ? tracks.Changed : tracks.Published).Add(track);
        }
        return track.Answer(media, format);

        SectionAnswer.Receive? Refuse(string why)
        {
            tracks.Refused.Add((track, why));
            return null;
        }
    }

    /// <summary>Sections the client receives on: those that carry a track go on, free ones take waiting subscriptions that fit.</summary>
    private void AssignReceivers(SdpDescription offer, SectionAnswer[] answers, IDictionary<string, string> midToTrack, TrackChanges tracks)
    {
        owner.TakeUpSections(offer);
        owner.ReleaseSections(offer, answers);
        var (receiving, free) = (new List<SdpMedia>(), new List<SdpMedia>());
        for (var i = 0; i < answers.Length; i++)
        {
            var media = offer.Media[i];
            if (answers[i] is not SectionAnswer.Idle || !media.Receives) continue;
            receiving.Add(media);
            var subscription = owner.SubscriptionOn(media.Mid);
            if (subscription is null)
            {
                // A section that has just lost its track is answered as inactive once: only then does a new track make an event at the
                // client.
                var rests = _used.Remove(media.Mid);
                subscription = rests ? null : owner.NextWaiting(media);
                tracks.SectionsMoved |= rests || subscription is not null;
            }
            if (subscription?.Describe(media) is not { } answer)
            {
                free.Add(media);
                continue;
            }
            _used.Add(media.Mid);
            answers[i] = answer;
            midToTrack[media.Mid] = subscription.Track.Sid;
            subscription.Start(answer);
        }
        (_receiving, Free) = (receiving, free);
        _used.RemoveWhere(mid => owner.SubscriptionOn(mid) is null && !receiving.Exists(media => media.Mid == mid));
    }
}

/// <summary>What an offer changed for the others in the room.</summary>
internal sealed class TrackChanges
{
    internal List<PublishedTrack> Published { get; } = [];
    internal List<PublishedTrack> Withdrawn { get; } = [];
    /// <summary>Those that are published otherwise than before: their viewers' sections have to follow.</summary>
    internal List<PublishedTrack> Changed { get; } = [];
    /// <summary>Those that cannot be taken as they are offered, and why.</summary>
    internal List<(PublishedTrack Track, string Why)> Refused { get; } = [];
    /// <summary>Why no section at all can be used.</summary>
    internal Failure? NoTransport { get; set; }
    /// <summary>The client has begun a connection anew, and expects one here.</summary>
    internal bool IsAnotherConnection { get; set; }
    /// <summary>A section took a track, or lost one: what still waits may find room in the next offer.</summary>
    internal bool SectionsMoved { get; set; }
}
