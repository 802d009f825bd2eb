using LiveKit.Proto;
using VideoScale.MediaNode.Codecs;
using VideoScale.Model;

namespace VideoScale.MediaNode.Host.Sessions;

/// <summary>What the client asks for.</summary>
internal sealed partial class ParticipantSession
{
    /// <summary>Of what clients say of a track: names, ids, streams. LiveKit has no limit here; this one keeps what a participant shows of itself small.</summary>
    private const int MaxTrackTextBytes = 1_024;
    private const int MaxLayers = 16;
    private const int MaxPermissions = 2_000;
    private const int MaxSidLength = 64;

    /// <summary>Carries out one request. What a client may not do is answered, or passed over, as LiveKit does.</summary>
    internal void Handle(SignalRequest request)
    {
        switch (request.MessageCase)
        {
            case SignalRequest.MessageOneofCase.Offer: OnOffer(request.Offer); break;
            case SignalRequest.MessageOneofCase.AddTrack: OnAddTrack(request.AddTrack); break;
            case SignalRequest.MessageOneofCase.Mute: OnMute(request.Mute); break;
            case SignalRequest.MessageOneofCase.Subscription: OnSubscription(request.Subscription); break;
            case SignalRequest.MessageOneofCase.TrackSetting: OnTrackSetting(request.TrackSetting); break;
            case SignalRequest.MessageOneofCase.SubscriptionPermission: OnPermission(request.SubscriptionPermission); break;
            case SignalRequest.MessageOneofCase.UpdateMetadata: OnMetadata(request.UpdateMetadata); break;
            case SignalRequest.MessageOneofCase.UpdateAudioTrack: OnAudioFeatures(request.UpdateAudioTrack); break;
            case SignalRequest.MessageOneofCase.SyncState: OnSyncState(request.SyncState); break;
            case SignalRequest.MessageOneofCase.Leave: Room.Left(this); break;
            // A lite agent learns addresses from checks, so candidates are not needed; layers and features tell only what is seen anyway.
            case SignalRequest.MessageOneofCase.Trickle:
            case SignalRequest.MessageOneofCase.UpdateLayers:
            case SignalRequest.MessageOneofCase.UpdateVideoTrack:
            case SignalRequest.MessageOneofCase.Answer:
            case SignalRequest.MessageOneofCase.None:
            default: break;
        }
    }

    internal void OnOffer(SessionDescription offer)
    {
        var answer = new SessionDescription { Type = "answer", Id = offer.Id };
        var changes = new TrackChanges();
        var (text, failure) = Media.Negotiate(offer.Sdp, answer.MidToTrackId, changes);
        if (text is null)
        {
            Room.PassedOver(this, failure!.Message);
            Tell(new SignalResponse { RequestResponse = new RequestResponse { Reason = RequestResponse.Types.Reason.UnclassifiedError, Message = failure.Message } });
            return;
        }
        if (changes.IsAnotherConnection)
        {
            Room.StartAnew(this, "the offer is of another connection: its fingerprint is not the one known");
            return;
        }
        answer.Sdp = text;
        Tell(new SignalResponse { Answer = answer });
        if (changes.NoTransport is { } unusable) Room.PassedOver(this, unusable.Message);
        foreach (var (track, why) in changes.Refused) Refuse(track, why, changes);
        foreach (var track in changes.Published)
            if (!Info.Tracks.Contains(track.Info)) Info.Tracks.Add(track.Info);
        if (changes.Published.Count + changes.Withdrawn.Count + changes.Changed.Count > 0) Room.TracksChanged(this, changes);
        JudgeWaiting(changes.SectionsMoved);
        TellCarried();
    }

    internal void OnAddTrack(AddTrackRequest request)
    {
        if (!Grants.AllowsSource(request.Source) || request.Type == TrackType.Data)
        {
            Tell(new SignalResponse { RequestResponse = new RequestResponse { Reason = RequestResponse.Types.Reason.NotAllowed, Message = "the token does not allow to publish this source" } });
            return;
        }
        if (_tracks.Count >= MostTracks || IsTooLong(request))
        {
            Tell(new SignalResponse
            {
                RequestResponse = new RequestResponse
                {
                    Reason = RequestResponse.Types.Reason.LimitExceeded,
                    Message = _tracks.Count >= MostTracks ? $"more than {MostTracks} tracks" : $"the track's texts exceed {MaxTrackTextBytes} bytes each, or it has more than {MaxLayers} layers or codecs",
                }
            });
            return;
        }
        // A repeat, after a resume: the same track keeps its id.
        var track = _tracks.Find(known => known.Request.Cid == request.Cid && request.Cid.Length > 0) ?? Announce(request);
        TellCarried();
        Tell(new SignalResponse { TrackPublished = new TrackPublishedResponse { Cid = request.Cid, Track = track.Info } });
    }

    private static bool IsTooLong(AddTrackRequest request) =>
        new[] { request.Name, request.Cid, request.Stream, request.Sid }.Any(text => TextLimits.BytesOf(text) > MaxTrackTextBytes)
        || request.Layers.Count > MaxLayers || request.AudioFeatures.Count > MaxLayers || request.SimulcastCodecs.Count > MaxLayers
        || request.SimulcastCodecs.Any(codec => TextLimits.BytesOf(codec.Cid) + TextLimits.BytesOf(codec.Codec) > MaxTrackTextBytes || codec.Layers.Count > MaxLayers);

    private PublishedTrack Announce(AddTrackRequest request)
    {
        var info = new TrackInfo
        {
            Sid = (request.Type == TrackType.Audio ? "TR_A" : "TR_V") + MediaPlane.RandomText(11),
            Type = request.Type,
            Name = request.Name,
            Muted = request.Muted,
            Width = request.Width,
            Height = request.Height,
            DisableRed = true,
            Source = request.Source,
            Stream = request.Stream,
            // What it is in truth is known with the offer.
            MimeType = request.Type == TrackType.Audio ? CodecNames.Mime(Codecs.Codec.Opus) : AskedCodec(request) is { } asked ? CodecNames.Mime(asked) : "",
            Simulcast = request.Layers.Count > 1,
        };
        info.Layers.AddRange(request.Layers);
        if (request.Type == TrackType.Video)
        {
            var codec = new SimulcastCodecInfo { MimeType = info.MimeType, Cid = request.Cid };
            codec.Layers.AddRange(request.Layers);
            info.Codecs.Add(codec);
        }
        var track = new PublishedTrack(this, _numbers.Next(), request, info);
        track.SetAudioFeatures(request.AudioFeatures.Concat(request.Stereo ? [AudioTrackFeature.TfStereo] : []).Concat(request.DisableDtx ? [AudioTrackFeature.TfNoDtx] : []));
        _tracks.Add(track);
        return track;
    }

    private static Codecs.Codec? AskedCodec(AddTrackRequest request) => request.SimulcastCodecs.Select(codec => CodecNames.Find(codec.Codec)).FirstOrDefault(known => known is not null);

    /// <summary>Told to the others; the sender's own parameters follow with its next offer.</summary>
    private void OnAudioFeatures(UpdateLocalAudioTrack request)
    {
        if (_tracks.Find(known => known.Sid == request.TrackSid && !known.IsVideo) is not { } track) return;
        track.SetAudioFeatures(request.Features);
        if (!Info.Tracks.Contains(track.Info)) return;
        Changed();
        Room.Announce(this);
    }

    private void OnMute(MuteTrackRequest request)
    {
        if (_tracks.Find(track => track.Sid == request.Sid) is { } found && found.Info.Muted != request.Muted) SetMuted(found, request.Muted);
    }

    internal void SetMuted(PublishedTrack track, bool muted, bool byServer = false)
    {
        track.IsMutedByServer = muted && byServer;
        track.SetMuted(muted);
        Changed();
        Room.Announce(this);
    }

    internal void OnSubscription(UpdateSubscription request)
    {
        foreach (var sid in request.TrackSids.Concat(request.ParticipantTracks.SelectMany(participant => participant.TrackSids)).Where(sid => sid.Length <= MaxSidLength).Take(MostSubscriptions))
        {
            if (request.Subscribe) _unwanted.Remove(sid);
            else if (_unwanted.Count < MostSubscriptions) _unwanted.Add(sid);
            if (Room.FindTrack(sid) is not { } track || track.Owner == this) continue;
            if (!request.Subscribe) Unsubscribe(track);
            else if (!Subscribe(track)) Tell(new SignalResponse { SubscriptionPermissionUpdate = new SubscriptionPermissionUpdate { ParticipantSid = track.Owner.Sid, TrackSid = sid, Allowed = false } });
        }
    }

    private void OnTrackSetting(UpdateTrackSettings request)
    {
        foreach (var sid in request.TrackSids.Take(MostSubscriptions))
        {
            if (!request.Disabled) _disabled.Remove(sid);
            if (_subscriptions.Find(known => known.Track.Sid == sid) is not { } subscription) continue;
            subscription.Configure(request);
            Room.WantedChanged(subscription.Track);
        }
    }

    private void OnPermission(SubscriptionPermission permission)
    {
        if (permission.TrackPermissions.Count > MaxPermissions || permission.CalculateSize() > TextLimits.MaxAttributesBytes)
        {
            Tell(new SignalResponse
            {
                RequestResponse = new RequestResponse
                {
                    Reason = RequestResponse.Types.Reason.LimitExceeded,
                    Message = $"subscription permissions exceed {MaxPermissions} entries or {TextLimits.MaxAttributesBytes} bytes; the last ones hold",
                }
            });
            return;
        }
        _allowed = permission;
        TellCarried();
        foreach (var other in Room.Participants)
        {
            if (other == this) continue;
            foreach (var track in _tracks)
            {
                if (!track.IsPublished) continue;
                var had = other.Subscriptions.Any(subscription => subscription.Track == track);
                var may = Allows(other, track);
                if (had == may) continue;
                if (may) other.Offered(track);
                else other.Unsubscribe(track);
                other.Tell(new SignalResponse { SubscriptionPermissionUpdate = new SubscriptionPermissionUpdate { ParticipantSid = Sid, TrackSid = track.Sid, Allowed = may } });
            }
        }
    }

    private void OnMetadata(UpdateParticipantMetadata request)
    {
        var refusal = Grants.CanUpdateMetadata ? Describe(request.Name, request.Metadata, request.Attributes) : Failure.Denied("the token does not grant canUpdateOwnMetadata");
        var reason = refusal?.Code switch
        {
            null => RequestResponse.Types.Reason.Ok,
            FailureCode.PermissionDenied => RequestResponse.Types.Reason.NotAllowed,
            _ => RequestResponse.Types.Reason.LimitExceeded,
        };
        Tell(new SignalResponse { RequestResponse = new RequestResponse { RequestId = request.RequestId, Reason = reason, Message = refusal?.Message ?? "" } });
    }

    /// <summary>Empty texts stay as they are; an attribute that becomes empty is taken away (LiveKit's rules).</summary>
    /// <returns>Null, or which text would be too long: then nothing has changed.</returns>
    internal Failure? Describe(string name, string metadata, IReadOnlyCollection<KeyValuePair<string, string>> attributes)
    {
        if ((TextLimits.CheckParticipantName(name) ?? TextLimits.CheckMetadata(metadata) ?? CheckMerged(attributes)) is { } tooLong) return tooLong;
        if (name.Length > 0) Info.Name = name;
        if (metadata.Length > 0) Info.Metadata = metadata;
        foreach (var (key, value) in attributes)
        {
            if (value.Length == 0) Info.Attributes.Remove(key);
            else Info.Attributes[key] = value;
        }
        Changed();
        Room.Announce(this);
        return null;
    }

    /// <summary>What counts is what the attributes come to, not the size of one change.</summary>
    private Failure? CheckMerged(IReadOnlyCollection<KeyValuePair<string, string>> changes)
    {
        if (changes.Count == 0) return null;
        if (TextLimits.CheckAttributes(changes) is { } tooLong) return tooLong;
        var merged = Info.Attributes.ToDictionary(StringComparer.Ordinal);
        foreach (var (key, value) in changes)
        {
            if (value.Length == 0) merged.Remove(key);
            else merged[key] = value;
        }
        return TextLimits.CheckAttributes(merged);
    }

    /// <summary>New rights over the server API: what is no longer allowed ends.</summary>
    internal void Permit(ParticipantPermission permission)
    {
        Grants = permission.ToGrants();
        Info.Permission = permission;
        var changes = new TrackChanges();
        foreach (var track in _tracks.ToArray())
        {
            if (Grants.AllowsSource(track.Info.Source)) continue;
            Withdraw(track, changes);
            if (_takenAway.Count < MostTracks) _takenAway.Add(track.Sid);
            Tell(new SignalResponse { TrackUnpublished = new TrackUnpublishedResponse { TrackSid = track.Sid } });
        }
        if (!Grants.CanSubscribe) foreach (var subscription in _subscriptions.ToArray()) Unsubscribe(subscription.Track);
        Changed();
        if (changes.Withdrawn.Count > 0) Room.TracksChanged(this, changes);
        else Room.Announce(this);
        if (Grants.CanSubscribe) Room.OfferAllTo(this);
    }
}
