using VideoScale.MediaNode.DataChannels;
using VideoScale.MediaNode.Forwarding;
using VideoScale.MediaNode.Host.Dtls;
using VideoScale.MediaNode.Host.Udp;
using VideoScale.MediaNode.Ice;
using VideoScale.MediaNode.Rtp;
using VideoScale.MediaNode.Sdp;
using VideoScale.Model;

namespace VideoScale.MediaNode.Host.Sessions;

/// <summary>A participant's one connection: its transport on a shard, and what each media section of its offers carries.</summary>
internal sealed class PeerMedia(ParticipantSession owner, MediaPlane plane, int peerNumber, int shardNumber)
{
    private const int FragmentLength = 8;   // RFC 8445 §5.3: at least 4 characters
    private const int PasswordLength = 24;  // at least 22

    private readonly HashSet<string> _used = new(StringComparer.Ordinal); // sections that carried a subscription in the last answer
    private readonly ulong _sessionId = MediaPlane.RandomSource();
    private IceCredentials? _local;
    private string _remoteFragment = "";
    private DtlsFingerprint? _fingerprint;
    private ExtensionIds? _extensions;
    private ulong _version;

    internal MediaPlane Plane { get; } = plane;
    internal int PeerNumber { get; } = peerNumber;
    internal int ShardNumber { get; } = shardNumber;
    internal bool IsOpen => _local is not null;
    internal TransportState State { get; set; }
    /// <summary>Its client has a path and makes no keys over it: it has to begin anew.</summary>
    internal bool IsKeyless { get; set; }
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

    /// <summary>For what cannot be refused.</summary>
    internal void Post(Action<MediaShard> command) => Plane.Shards[ShardNumber].Post(command);

    /// <summary>Has the shard carry out a command. Nobody waits for it: a refusal comes back in a turn of the session loop.</summary>
    internal void Ask(Func<MediaShard, Failure?> command, Action<Failure> refused) => Ask(ShardNumber, command, refused);

    /// <summary>The same on another shard.</summary>
    internal void Ask(int shardNumber, Func<MediaShard, Failure?> command, Action<Failure> refused)
    {
        var room = owner.Room;
        Plane.Shards[shardNumber].Post(shard =>
        {
            if (command(shard) is { } failure) room.Later(() => refused(failure));
        });
    }

    /// <summary>Messages that may not be lost, in their order.</summary>
    internal void SendData(IReadOnlyList<byte[]> messages)
    {
        var peer = PeerNumber;
        if (messages.Count > 0)
            Post(shard =>
            {
                foreach (var octets in messages) shard.SendData([peer], DataChannelKind.Reliable, octets);
            });
    }

    internal void Close()
    {
        if (!IsOpen) return;
        _local = null;
        var peer = PeerNumber;
        Post(shard => shard.RemovePeer(peer));
    }

    /// <summary>
    /// Answers an offer: opens or restarts the transport, publishes and unpublishes, gives sections to waiting subscriptions.
    /// </summary>
    /// <param name="midToTrack">Gets which section carries which track.</param>
    /// <param name="tracks">Gets tracks that are published with this offer, and those that no longer are.</param>
    internal (string? Answer, Failure? Failure) Negotiate(string text, IDictionary<string, string> midToTrack, TrackChanges tracks)
    {
        var (offer, failure) = SdpParser.Parse(text);
        if (offer is null) return (null, failure);
        var fingerprint = offer.Remote.Fingerprints.Select(DtlsFingerprint.Parse).OfType<DtlsFingerprint>()
            .OrderBy(known => known.Algorithm, StringComparer.Ordinal).FirstOrDefault();
        if (IsAnother(offer, fingerprint))
        {
            tracks.IsAnotherConnection = true;
            return (null, null); // before anything is taken from those who know the session by its tracks
        }
        tracks.NoTransport = OpenTransport(offer, fingerprint);
        var answers = new SectionAnswer[offer.Media.Count];
        for (var i = 0; i < answers.Length; i++)
            answers[i] = IsOpen && offer.Media[i].IsUsed ? Keep(offer.Media[i]) : new SectionAnswer.Refused();
        var published = owner.MatchTracks(offer, tracks);
        for (var i = 0; i < answers.Length; i++)
            if (published[i] is { } track && AnswerSender(offer.Media[i], answers[i], track, tracks) is { } answer) answers[i] = answer;
        AssignReceivers(offer, answers, midToTrack, tracks);
        var transport = new SdpTransport(_local?.UsernameFragment ?? "", _local?.Password ?? "", Plane.Fingerprint,
            Plane.CandidatesOf(ShardNumber));
        return (SdpAnswer.Write(offer, answers, transport, _sessionId, ++_version), null);
    }

    /// <summary>The connection stands, or the first offer says all that it takes.</summary>
    /// <returns>Why no section can be used; null when they can.</returns>
    private Failure? OpenTransport(SdpOffer offer, DtlsFingerprint? fingerprint)
    {
        IceCredentials? remote = new IceCredentials(offer.Remote.IceFragment, offer.Remote.IcePassword);
        if (!IsOpen)
        {
            if (!offer.Remote.HasCredentials)
                return Failure.InvalidArgument("sdp: no ice-ufrag and ice-pwd (RFC 8839: 4 and 22 characters at least)");
            if (fingerprint is null) return Failure.InvalidArgument("sdp: a fingerprint of sha-256, sha-384 or sha-512 is needed");
            if (offer.Remote.Setup is SdpSetup.Passive or SdpSetup.Hold)
                return Failure.InvalidArgument("sdp: the offerer must be ready to begin the DTLS handshake (a=setup:actpass or active)");
        }
        var extensions = ExtensionsOf(offer);
        var peer = PeerNumber;
        if (!IsOpen)
        {
            _fingerprint = fingerprint!;
            var local = _local = NewCredentials();
            var transport = new TransportOptions(peer, local, remote, fingerprint!);
            Ask(shard => shard.AddPeer(transport, new PeerOptions(peer, extensions)), owner.TransportFailed);
            owner.OpenCarriedData();
        }
        else
        {
            // A spoiled description does not cost the connection that stands.
            if (!offer.Remote.HasCredentials || offer.Remote.IceFragment == _remoteFragment) remote = null;
            if (remote is not null)
            {
                var local = _local = NewCredentials();
                Ask(shard => shard.RestartIce(peer, local, remote), owner.TransportFailed);
            }
            if (extensions != _extensions) Ask(shard => shard.Engine.SetExtensions(peer, extensions), owner.TransportFailed);
        }
        _extensions = extensions;
        if (remote is not null) _remoteFragment = offer.Remote.IceFragment;
        return null;
    }

    /// <summary>A connection that begins anew, with other credentials and another key, instead of finding a new way.</summary>
    private bool IsAnother(SdpOffer offer, DtlsFingerprint? fingerprint) =>
        IsOpen && offer.Remote.HasCredentials && offer.Remote.IceFragment != _remoteFragment && fingerprint is not null
            && fingerprint != _fingerprint;

    private static IceCredentials NewCredentials() => new(MediaPlane.RandomText(FragmentLength), MediaPlane.RandomText(PasswordLength));

    /// <summary>With BUNDLE an id means the same in every section.</summary>
    private static ExtensionIds ExtensionsOf(SdpOffer offer)
    {
        var ids = new ExtensionIds();
        foreach (var media in offer.Media.Where(media => media.IsUsed))
            foreach (var (id, uri) in media.Extensions.Where(extension => SdpAnswer.Takes(extension.Id, extension.Uri)))
                ids = uri switch
                {
                    SdpAnswer.Mid => ids with { Mid = id },
                    SdpAnswer.Rid => ids with { Rid = id },
                    SdpAnswer.RepairedRid => ids with { RepairedRid = id },
                    SdpAnswer.TransportSequence => ids with { TransportSequence = id },
                    SdpAnswer.AudioLevel => ids with { AudioLevel = id },
                    _ => ids,
                };
        return ids;
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
    private void AssignReceivers(SdpOffer offer, SectionAnswer[] answers, IDictionary<string, string> midToTrack, TrackChanges tracks)
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
