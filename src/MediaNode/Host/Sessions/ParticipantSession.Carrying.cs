using Google.Protobuf;
using LiveKit.Proto;
using VideoScale.MediaNode.Quality;
using VideoScale.MediaNode.Sdp;
using VideoScale.V1;

namespace VideoScale.MediaNode.Host.Sessions;

/// <summary>
/// A session that came with its room from another node: its client keeps its connection, its tracks and what it receives, and only finds a
/// new way.
/// </summary>
internal sealed partial class ParticipantSession
{
    /// <summary>
    /// The track that each section carried at the former owner, by the section's id; until the client's first offer here.
    /// </summary>
    private readonly Dictionary<string, string> _carriedSections = new(StringComparer.Ordinal);

    /// <summary>
    /// How long the first offer here waits for the tracks that its sections carried: gateways bring the sessions of a room one by one, and
    /// a section that is answered without its track loses it at the client.
    /// </summary>
    private const long TogetherMs = 2_000;

    private SessionDescription? _keptOffer;
    private long _keepsUntilMs;

    private IReadOnlyList<PublishedStream> _streams = [];
    private CarriedSession? _toldCarried;

    /// <summary>A round of statistics: the streams that its client publishes, as far as they are known.</summary>
    internal void Learned(IReadOnlyList<(PublishedTrack Track, LayerStatistics Layer)> up)
    {
        PublishedStream[] streams = [.. up.Where(stream => stream.Layer.Ssrc != 0).Select(stream =>
            new PublishedStream
            {
                TrackSid = stream.Track.Sid,
                Rid = stream.Layer.Rid,
                Ssrc = stream.Layer.Ssrc,
                RtxSsrc = stream.Layer.RtxSsrc,
            })];
        if (streams.SequenceEqual(_streams)) return;
        _streams = streams;
        TellCarried();
    }

    /// <summary>
    /// How often the gateway is told how to carry the session: to find out whether that has changed costs what it takes to tell it.
    /// </summary>
    internal TickPace CarriedPace { get; } = new(burst: 16);

    /// <summary>
    /// Tells the gateway what it takes to carry the session on, when that has changed: of a node that dies it cannot be asked.
    /// </summary>
    /// <param name="atOnce">For what the server API changes: rights that were taken away do not come back with a move.</param>
    internal void TellCarried(bool atOnce = false)
    {
        if (Link is null || (!CarriedPace.Take() && !atOnce)) return;
        var carried = DescribeCarried();
        if (carried.Equals(_toldCarried ?? new CarriedSession())) return;
        _toldCarried = carried;
        Link.Send(new SessionMessage { Carried = carried });
    }

    private CarriedSession DescribeCarried()
    {
        var carried = new CarriedSession();
        if (CanBeCarried)
        {
            carried.Participant = Info.ToByteString();
            carried.SubscriptionPermission = _rights?.Asked.ToByteString() ?? ByteString.Empty;
            carried.Streams.AddRange(_streams);
            carried.Others.AddRange(Room.NamedBy(this));
            foreach (var subscription in _subscriptions)
                if (subscription.Mid.Length > 0) carried.Tracks[subscription.Mid] = subscription.Track.Sid;
            carried.Data = DescribeData();
            if (Offers is not null) carried.Sections.AddRange(Offers.ToCarried());
        }
        return carried;
    }

    /// <summary>
    /// Not before its client's first offer, nor between its words and its offer of a track, nor while layers could not be told apart: those
    /// that nobody sends are named when they begin.
    /// </summary>
    private bool CanBeCarried => !IsUnattended && Downlink.IsOpen && _tracks.TrueForAll(track =>
        track.Publication is { } publication
            && (publication.Layers.Count == 1 || track.Info.Muted || _streams.Any(stream => stream.TrackSid == track.Sid)));

    private void Carry(string sid, CarriedSession carried)
    {
        var before = ParticipantInfo.Parser.ParseFrom(carried.Participant);
        before.Sid = sid;
        before.Identity = Info.Identity;
        before.State = Info.State;
        before.Version++;
        // The server API may have changed it since the token. What the token says more exactly than a permission can stays.
        if (before.Permission is { } permission && !permission.Equals(Info.Permission)) Grants = permission.ToGrants();
        before.Permission ??= Info.Permission;
        Info = before;
        foreach (var info in before.Tracks.Take(MostTracks))
            _tracks.Add(
                PublishedTrack.Carried(this, _numbers.Next(), info, [.. carried.Streams.Where(stream => stream.TrackSid == info.Sid)]));
        foreach (var (mid, track) in carried.Tracks) _carriedSections[mid] = track;
        _keepsUntilMs = Environment.TickCount64 + TogetherMs;
        CarryData(carried.Data);
        Offers?.Carry(carried.Sections);
        if (!carried.SubscriptionPermission.IsEmpty)
            _rights = new SubscriptionRights(SubscriptionPermission.Parser.ParseFrom(carried.SubscriptionPermission));
    }

    internal bool AwaitsTracks => _carriedSections.Count > 0 && Environment.TickCount64 < _keepsUntilMs
        && _carriedSections.Values.Any(sid => !_unwanted.Contains(sid) && Room.FindTrack(sid) is null);

    internal bool HasKeptOffer => _keptOffer is not null;

    /// <summary>Others have come with the room, or time has passed.</summary>
    internal void AnswerKeptOffer()
    {
        if (!AwaitsTracks) OnOffer(_keptOffer!);
    }

    /// <summary>
    /// Sections of the first offer go on with the tracks they carried, also with those whose publishers are still on their way.
    /// </summary>
    internal void TakeUpSections(SdpDescription offer)
    {
        if (_carriedSections.Count == 0) return;
        foreach (var media in offer.Media)
        {
            if (!_carriedSections.ContainsKey(media.Mid)) continue;
            Media.Carried(media.Mid);
            if (media.Receives && FindCarried(media.Mid, media.IsVideo) is { Mid.Length: 0 } subscription) subscription.Describe(media);
        }
        ForgetCarried();
    }

    /// <summary>What a section carried at the former owner, when it may go on here.</summary>
    internal TrackSubscription? FindCarried(string mid, bool isVideo)
    {
        if (!_carriedSections.TryGetValue(mid, out var sid) || _unwanted.Contains(sid)) return null;
        if (Room.FindTrack(sid) is { } track)
        {
            var may = track.Owner != this && track.IsVideo == isVideo && MayReceive(track);
            return may ? track.ViewerOf(this) ?? AddSubscription(track) : null;
        }
        if (_wanted.Count < MostSubscriptions) _wanted.Add(sid); // its publisher is on its way still, and may come later
        return null;
    }

    internal void ForgetCarried() => _carriedSections.Clear();
}
