using LiveKit.Proto;
using VideoScale.MediaNode.Codecs;
using VideoScale.MediaNode.Sdp;
using VideoScale.V1;

namespace VideoScale.MediaNode.Host.Sessions;

/// <summary>
/// Our offers to a client with two connections: over one of them it receives, and here the server says what it carries. Sections are added,
/// rest and are used again; a description never has fewer than the last.
/// </summary>
/// <param name="namesTracksByStream">Its browser makes up ids of tracks, and its library finds them by the stream's.</param>
internal sealed class SubscriberOffers(ParticipantSession owner, PeerTransport transport, bool namesTracksByStream)
{
    /// <summary>
    /// A browser's track keeps the id that its section's first one had, and libraries find tracks by that. One that comes later to a
    /// section is told by its stream's id alone, and then is not played in step with others: that many sections there are before one is
    /// used again.
    /// </summary>
    private const int MinSections = 64;

    private readonly List<OfferedSection> _sections = [new OfferedSection(OfferedMedia.Data("0"))];
    private readonly ulong _sessionId = MediaPlane.RandomSource();
    private uint _id;
    private readonly HashSet<CodecVariant> _undecoded = []; // by this client, as it said
    private bool _hasBegun;
    private bool _isUnanswered;
    private bool _isDue; // whether or not a section has changed

    internal IEnumerable<CarriedSection> ToCarried() => _sections.Select(section => section.ToCarried());

    /// <summary>Sections that the client knows from the room's former owner.</summary>
    internal void Carry(IReadOnlyCollection<CarriedSection> sections)
    {
        if (sections.Count is 0 or > SdpParser.MaxSections) return;
        _sections.Clear();
        _sections.AddRange(sections.Select(OfferedSection.Carried));
    }

    /// <summary>The client is there for the first time, or again: it is offered a way, since it offers none of this connection.</summary>
    internal void Begin()
    {
        (_hasBegun, _isUnanswered, _isDue) = (true, false, true);
        transport.Renew();
        owner.Room.MissesSections(owner);
    }

    /// <summary>Offers what has changed.</summary>
    /// <returns>False while that has to wait: for the client, or for its last answer.</returns>
    internal bool Offer()
    {
        if (owner.Link is null || !_hasBegun || _isUnanswered || owner.AwaitsTracks) return false;
        TakeUp();
        var hasChanged = LetGo();
        foreach (var subscription in owner.Subscriptions)
            if (subscription.IsWaiting) hasChanged |= Assign(subscription);
        if (!hasChanged && !_isDue) return true;
        var offer = new SessionDescription { Type = "offer", Id = ++_id };
        foreach (var section in _sections)
            if (section.Carries is { } subscription) offer.MidToTrackId[section.Mid] = subscription.Track.Sid;
        var outline = new SdpDescription
        {
            Media = [.. _sections.Select(section => section.Media)],
            Bundle = [.. _sections.Select(section => section.Mid)],
            MixesExtensions = true,
        };
        offer.Sdp = SdpWriter.Write(outline, [.. _sections.Select(section => section.Outline)],
            transport.Described with { IsOffered = true }, _sessionId, _id);
        (_isUnanswered, _isDue) = (true, false);
        owner.Tell(new SignalResponse { Offer = offer });
        return true;
    }

    /// <summary>The client has taken the last offer, and says what it can do of it.</summary>
    internal void OnAnswer(SessionDescription answer)
    {
        if (!_isUnanswered || (answer.Id != 0 && answer.Id != _id)) return; // of an offer that is past, or clients before ids
        var (theirs, failure) = SdpParser.Parse(answer.Sdp);
        if ((theirs is null ? failure!.Message : Follow(theirs)) is { } why)
        {
            // Where nothing stands yet the client gives up by itself; else neither side knows any more what the sections are.
            if (transport.IsOpen) owner.Room.StartAnew(owner, why);
            else owner.Room.PassedOver(owner, why);
            return;
        }
        _isUnanswered = false;
        for (var i = 0; i < _sections.Count; i++) Settle(_sections[i], theirs!.Media[i]);
        owner.TellCarried();
        owner.Room.MissesSections(owner); // what changed meanwhile
    }

    /// <returns>Why it cannot be used; null when it can.</returns>
    private string? Follow(SdpDescription theirs) => theirs.Media.Count != _sections.Count ? "the answer has other sections than the offer"
        : transport.IsAnother(theirs.Remote) ? "the answer is of another connection: its fingerprint is not the one known"
        : transport.Follow(theirs)?.Message;

    /// <summary>Sections of the former owner go on with the tracks they carried.</summary>
    private void TakeUp()
    {
        foreach (var section in _sections)
        {
            if (owner.FindCarried(section.Mid, section.Media.IsVideo) is { Mid.Length: 0 } subscription
                && subscription.Track.OfferOn(section.Mid) is { } media) Carry(section, media, subscription);
        }
        owner.ForgetCarried();
    }

    /// <summary>Sections that lost their track rest; only when they have does a new one make an event at the client.</summary>
    private bool LetGo()
    {
        var hasChanged = false;
        foreach (var section in _sections)
        {
            if (section.Carries is null || owner.SubscriptionOn(section.Mid) == section.Carries) continue;
            section.Rest();
            hasChanged = true;
        }
        return hasChanged;
    }

    /// <summary>Gives a subscription a section, when the client may be able to take its codec.</summary>
    private bool Assign(TrackSubscription subscription)
    {
        var free = _sections.Find(section => section.IsFreeFor(subscription) && section.FirstTrack == subscription.Track.Sid);
        if (namesTracksByStream || _sections.Count >= MinSections) free ??= _sections.Find(section => section.IsFreeFor(subscription));
        if (free is null && _sections.Count >= SdpParser.MaxSections) return owner.CannotReceive(subscription, SubscriptionError.SeUnknown);
        var mid = free?.Mid ?? $"{_sections.Count}";
        if (subscription.Track.OfferOn(mid) is not { } media || _undecoded.Contains(media.Formats[0].Variant!.Value))
            return owner.CannotReceive(subscription, SubscriptionError.SeCodecUnsupported);
        if (free is null) _sections.Add(free = new OfferedSection(media));
        Carry(free, media, subscription);
        return true;
    }

    private void Carry(OfferedSection section, SdpMedia media, TrackSubscription subscription)
    {
        section.Media = media;
        var sends = subscription.Describe(media)!;
        section.Carry(subscription, sends);
        if (namesTracksByStream || section.FirstTrack != sends.Track)
            section.Carry(subscription, sends with { Stream = $"{subscription.Track.Owner.Sid}|{sends.Track}" });
    }

    private void Settle(OfferedSection section, SdpMedia theirs)
    {
        section.IsRefused |= !theirs.IsUsed;
        section.HasRested = section.Carries is null;
        if (section is not { Carries: { } subscription, Sends: { } sends } || owner.SubscriptionOn(section.Mid) != subscription) return;
        if (!theirs.IsUsed || !theirs.Formats.Any(format => format.PayloadType == sends.Format.PayloadType))
        {
            _undecoded.Add(sends.Format.Variant!.Value);
            owner.CannotReceive(subscription, SubscriptionError.SeCodecUnsupported);
            return;
        }
        subscription.Start(sends with { RtxPayloadType = theirs.RtxOf(sends.Format.PayloadType) });
        if (!theirs.Receives) subscription.Hold(true);
    }
}
