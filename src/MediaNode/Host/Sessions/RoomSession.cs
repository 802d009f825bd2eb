using LiveKit.Proto;
using VideoScale.MediaNode.Forwarding;
using VideoScale.MediaNode.Host.Udp;
using VideoScale.Model;
using VideoScale.V1;
using Room = LiveKit.Proto.Room;

namespace VideoScale.MediaNode.Host.Sessions;

/// <summary>
/// A room while this node serves it under one epoch: who is in it, and what each is told of the others. Lives on the session loop.
/// </summary>
internal sealed partial class RoomSession(SessionTable table, RoomId id, Epoch epoch, int number, Room info, ulong version)
{
    private readonly SortedDictionary<ParticipantIdentity, ParticipantSession> _participants = [];
    private readonly Dictionary<int, IReadOnlyList<Speaker>> _speakersOfShard = [];
    private readonly Dictionary<string, float> _speaking = new(StringComparer.Ordinal);
    private readonly HashSet<ParticipantSession> _missingSections = [];

    internal RoomId Id { get; } = id;
    internal Epoch Epoch { get; } = epoch;
    /// <summary>The engine's name for it.</summary>
    internal int Number { get; } = number;
    internal IReadOnlyCollection<ParticipantSession> Participants => _participants.Values;
    /// <summary>Who left lately, for those who come back.</summary>
    internal Departures Departures { get; } = new();
    /// <summary>When the room was given up; its media goes on for a little while, until the clients have moved.</summary>
    internal long GivenUpAtMs { get; set; }

    internal ParticipantSession? Find(ParticipantIdentity identity) => _participants.GetValueOrDefault(identity);

    internal PublishedTrack? FindTrack(string sid) =>
        _participants.Values.SelectMany(participant => participant.Tracks).FirstOrDefault(track => track.Sid == sid);

    internal IReadOnlyList<ParticipantInfo> OthersOf(ParticipantSession self) =>
        [.. _participants.Values.Where(other => other != self && !other.IsHidden).Select(other => other.Info)];

    internal void Add(ParticipantSession participant)
    {
        _participants.Add(participant.Identity, participant);
        NamesChanged(participant);
        Counted();
    }

    /// <summary>Takes a participant out: its tracks end for everyone, and everyone hears of it.</summary>
    internal void Remove(ParticipantSession participant, DisconnectReason reason)
    {
        if (!_participants.Remove(participant.Identity)) return;
        _missingSections.Remove(participant);
        participant.Close();
        foreach (var track in participant.Tracks) UnsubscribeAll(track);
        participant.Info.State = ParticipantInfo.Types.State.Disconnected;
        participant.Info.DisconnectReason = reason;
        participant.Info.Tracks.Clear();
        participant.Changed();
        Announce(participant);
        if (!participant.IsHidden) Departures.Add(participant.Info, Environment.TickCount64);
        NamesChanged(participant);
        Counted();
        AskForSections();
    }

    /// <summary>
    /// Tells everyone how a participant looks now; a hidden one is shown to itself alone. One that says too much is told of a little later.
    /// </summary>
    internal void Announce(ParticipantSession participant)
    {
        var isOver = participant.Info.State == ParticipantInfo.Types.State.Disconnected;
        if (!isOver) participant.TellCarried(); // has a pace of its own
        if (!participant.Pace.Take(participant.Info.CalculateSize(), Environment.TickCount64) && !isOver) return;
        var update = GatewayLink.Pack(new SignalResponse { Update = new ParticipantUpdate { Participants = { participant.Info } } });
        participant.Tell(update);
        participant.TellClaims();
        if (participant.IsHidden) return;
        foreach (var other in _participants.Values)
            if (other != participant) other.Tell(update);
    }

    /// <summary>Tells what had to wait.</summary>
    internal void TellDue()
    {
        foreach (var participant in _participants.Values)
        {
            if (participant.Pace.IsDue) Announce(participant);
            if (participant.RightsPace.Tick()) participant.CarryOutRights();
            foreach (var track in participant.Tracks)
                if (track.WantedPace.Tick()) WantedChanged(track);
            if (participant.CarriedPace.Tick()) participant.TellCarried();
        }
        AskForSections();
    }

    internal void TracksChanged(ParticipantSession participant, TrackChanges changes)
    {
        participant.Info.IsPublisher = participant.Info.Tracks.Count > 0;
        participant.Changed();
        foreach (var track in changes.Withdrawn) UnsubscribeAll(track);
        Announce(participant); // before the media that it explains
        foreach (var other in _participants.Values)
        {
            if (other == participant) continue;
            foreach (var track in changes.Published) other.Offered(track);
        }
        foreach (var track in changes.Changed)
            foreach (var viewer in track.Viewers.Keys) viewer.Follow(track);
        foreach (var track in changes.Published.Concat(changes.Changed)) WantedChanged(track);
        Counted();
        AskForSections();
    }

    private static void UnsubscribeAll(PublishedTrack track)
    {
        foreach (var viewer in track.Viewers.Keys.ToArray()) viewer.Unsubscribe(track);
    }

    internal void OfferAllTo(ParticipantSession participant)
    {
        foreach (var other in _participants.Values)
        {
            if (other == participant) continue;
            foreach (var track in other.Tracks) if (track.IsPublished) participant.Offered(track);
        }
    }

    /// <summary>
    /// What the participant receives has changed: its client is asked for sections at the end of the turn, or once its connection is open.
    /// </summary>
    internal void MissesSections(ParticipantSession participant) => _missingSections.Add(participant);

    /// <summary>At the end of a turn: asks once for all that happened in it.</summary>
    internal void AskForSections() => _missingSections.RemoveWhere(static participant => participant.AskForSections());

    /// <summary>Tells a publisher which layers anybody still wants, when that has changed, so that it can pause the others.</summary>
    /// <param name="again">Its client may have missed what it was told.</param>
    internal static void WantedChanged(PublishedTrack track, bool again = false)
    {
        if (!track.IsVideo || track.Publication is not { Layers.Count: > 1 } publication) return;
        if (track.Viewers.Count == 0) return;
        var largest = LargestWanted(track, publication.Layers.Count - 1);
        if ((track.ToldLayer ?? publication.Layers.Count - 1) == largest && !(again && track.ToldLayer is not null)) return;
        if (!track.WantedPace.Take() && !again) return;
        track.ToldLayer = largest;
        var codec = new SubscribedCodec { Codec = track.Codec.ToString().ToLowerInvariant() };
        for (var quality = VideoQuality.Low; quality <= VideoQuality.High; quality++)
            codec.Qualities.Add(new SubscribedQuality { Quality = quality, Enabled = track.LayerOf(quality) <= largest });
        var update = new SubscribedQualityUpdate { TrackSid = track.Sid, SubscribedCodecs = { codec } };
        update.SubscribedQualities.AddRange(codec.Qualities);
        track.Owner.Tell(new SignalResponse { SubscribedQualityUpdate = update });
    }

    /// <summary>
    /// Looks no further than the first who wants all there is, as most do: it is asked whenever one of many viewers comes or goes.
    /// </summary>
    private static int LargestWanted(PublishedTrack track, int most)
    {
        var largest = -1;
        foreach (var viewer in track.Viewers.Values)
        {
            largest = Math.Max(largest, viewer.WantedLayer);
            if (largest >= most) return most;
        }
        return largest;
    }

    /// <summary>One shard's speakers; a room may lie on several.</summary>
    internal void OnSpeakers(int shard, IReadOnlyList<Speaker> loudest)
    {
        _speakersOfShard[shard] = loudest;
        var now = new Dictionary<string, float>(StringComparer.Ordinal);
        foreach (var speaker in _speakersOfShard.Values.SelectMany(speakers => speakers))
        {
            var owner = _participants.Values.FirstOrDefault(participant => participant.Tracks.Any(track => track.Number == speaker.Track));
            if (owner is null || owner.IsHidden) continue;
            now[owner.Sid] = Math.Max(now.GetValueOrDefault(owner.Sid), (float)speaker.Level);
        }
        var changed = new SpeakersChanged();
        foreach (var (sid, level) in now.OrderByDescending(speaker => speaker.Value).ThenBy(speaker => speaker.Key, StringComparer.Ordinal))
            if (!_speaking.TryGetValue(sid, out var before) || Math.Abs(before - level) > 0.01) changed.Speakers.Add(new SpeakerInfo
            {
                Sid = sid,
                Level = level,
                Active = true,
            });
        foreach (var sid in _speaking.Keys.Where(sid => !now.ContainsKey(sid)).Order(StringComparer.Ordinal))
            changed.Speakers.Add(new SpeakerInfo { Sid = sid, Level = 0, Active = false });
        _speaking.Clear();
        foreach (var (sid, level) in now) _speaking[sid] = level;
        if (changed.Speakers.Count > 0) TellAll(new SignalResponse { SpeakersChanged = changed });
    }

    /// <summary>How loud a participant is now, 0 to 1.</summary>
    internal float LevelOf(string sid) => _speaking.GetValueOrDefault(sid);

    internal void Quality(IReadOnlyList<ConnectionQualityInfo> changed)
    {
        if (changed.Count == 0) return;
        var update = new ConnectionQualityUpdate();
        update.Updates.AddRange(changed);
        TellAll(new SignalResponse { ConnectionQuality = update });
    }

    /// <summary>Quality and speakers are told when they change: whoever came, or came back, is told how they stand.</summary>
    /// <remarks>Once its media is connected: what comes together with the answer to its joining, stock clients drop.</remarks>
    internal void TellStanding(ParticipantSession newcomer)
    {
        if (newcomer.KnowsStanding || newcomer.Link is null || newcomer.Downlink.State is not TransportState.Connected) return;
        newcomer.KnowsStanding = true;
        var qualities = new ConnectionQualityUpdate();
        foreach (var other in _participants.Values)
            if (other.QualityInfo is { } quality && (other == newcomer || !other.IsHidden)) qualities.Updates.Add(quality);
        if (qualities.Updates.Count > 0) newcomer.Tell(new SignalResponse { ConnectionQuality = qualities });
        var speakers = new SpeakersChanged();
        foreach (var (sid, level) in _speaking) speakers.Speakers.Add(new SpeakerInfo { Sid = sid, Level = level, Active = true });
        // Whoever was away knows some as speaking who have fallen silent since.
        if (newcomer.HasBeenAway)
            foreach (var other in _participants.Values)
                if (other.Tracks.Count > 0 && !other.IsHidden && !_speaking.ContainsKey(other.Sid))
                    speakers.Speakers.Add(new SpeakerInfo { Sid = other.Sid });
        if (speakers.Speakers.Count > 0) newcomer.Tell(new SignalResponse { SpeakersChanged = speakers });
    }

    internal void Left(ParticipantSession participant) => table.Leave(participant, SessionEndReason.Left);

    internal void StartAnew(ParticipantSession participant, string why) => table.StartAnew(participant, why);

    internal void PassedOver(ParticipantSession participant, string why) => table.PassedOver(participant, why);

    internal void RefusedTrack(ParticipantSession participant, PublishedTrack track, string why) =>
        table.RefusedTrack(participant, track, why);

    /// <summary>In a turn of its own on the session loop; for what shards report.</summary>
    internal void Later(Action work) => table.Later(work);

    internal void TellAll(SignalResponse response)
    {
        var packed = GatewayLink.Pack(response);
        foreach (var participant in _participants.Values) participant.Tell(packed);
    }
}
