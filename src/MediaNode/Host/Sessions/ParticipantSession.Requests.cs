using LiveKit.Proto;
using VideoScale.MediaNode.Codecs;
using VideoScale.Model;
using Reason = LiveKit.Proto.RequestResponse.Types.Reason;

namespace VideoScale.MediaNode.Host.Sessions;

/// <summary>What the client asks for.</summary>
internal sealed partial class ParticipantSession
{
    /// <summary>
    /// Of what a participant shows of itself. It takes the largest texts and more tracks than anybody sends; whoever carries or lists it
    /// must not fail with it.
    /// </summary>
    internal const int MaxInfoBytes = 1 << 20;

    /// <summary>Carries out one request. What a client may not do is answered, or passed over, as LiveKit does.</summary>
    internal void Handle(SignalRequest request)
    {
        switch (request.MessageCase)
        {
            case SignalRequest.MessageOneofCase.Offer: OnOffer(request.Offer); break;
            case SignalRequest.MessageOneofCase.Answer: Offers?.OnAnswer(request.Answer); break;
            case SignalRequest.MessageOneofCase.AddTrack: OnAddTrack(request.AddTrack); break;
            case SignalRequest.MessageOneofCase.Mute: OnMute(request.Mute); break;
            case SignalRequest.MessageOneofCase.Subscription: OnSubscription(request.Subscription); break;
            case SignalRequest.MessageOneofCase.TrackSetting: OnTrackSetting(request.TrackSetting); break;
            case SignalRequest.MessageOneofCase.SubscriptionPermission: OnPermission(request.SubscriptionPermission); break;
            case SignalRequest.MessageOneofCase.UpdateMetadata: OnMetadata(request.UpdateMetadata); break;
            case SignalRequest.MessageOneofCase.UpdateAudioTrack: OnAudioFeatures(request.UpdateAudioTrack); break;
            case SignalRequest.MessageOneofCase.SyncState: OnSyncState(request.SyncState); break;
            case SignalRequest.MessageOneofCase.PublishDataTrackRequest: OnDataTrack(request.PublishDataTrackRequest); break;
            case SignalRequest.MessageOneofCase.UnpublishDataTrackRequest: OnDataTrackEnd(request.UnpublishDataTrackRequest); break;
            case SignalRequest.MessageOneofCase.Leave: Room.Left(this); break;
            // A lite agent learns addresses from checks, so candidates are not needed; layers and features tell only what is seen anyway.
            case SignalRequest.MessageOneofCase.Trickle:
            case SignalRequest.MessageOneofCase.UpdateLayers:
            case SignalRequest.MessageOneofCase.UpdateVideoTrack:
            case SignalRequest.MessageOneofCase.None:
            default: break;
        }
    }

    internal void OnOffer(SessionDescription offer)
    {
        _keptOffer = AwaitsTracks && Offers is null ? offer : null;
        if (_keptOffer is not null) return;
        var answer = new SessionDescription { Type = "answer", Id = offer.Id };
        var changes = new TrackChanges();
        var (text, failure) = Media.Negotiate(offer.Sdp, answer.MidToTrackId, changes);
        if (changes.IsAnotherConnection)
        {
            Room.StartAnew(this, "the offer is of another connection: its fingerprint is not the one known");
            return;
        }
        if (text is null)
        {
            Room.PassedOver(this, failure!.Message);
            Answer(new RequestResponse { Reason = Reason.UnclassifiedError, Message = failure.Message });
            return;
        }
        answer.Sdp = text;
        if (IsUnattended) _lastOffer = offer;
        Tell(new SignalResponse { Answer = answer });
        if (changes.NoTransport is { } unusable) Room.PassedOver(this, unusable.Message);
        foreach (var (track, why) in changes.Refused) Refuse(track, Reason.UnsupportedType, why, changes);
        foreach (var track in changes.Published)
            if (!Info.Tracks.Contains(track.Info)) Info.Tracks.Add(track.Info);
        if (Offers is null) JudgeWaiting(changes.SectionsMoved); // before anybody is asked for the next offer
        if (changes.Published.Count + changes.Withdrawn.Count + changes.Changed.Count > 0) Room.TracksChanged(this, changes);
        else TellCarried();
    }

    private void OnMute(MuteTrackRequest request)
    {
        if (_tracks.Find(track => track.Sid == request.Sid) is { } found && found.Info.Muted != request.Muted)
            SetMuted(found, request.Muted);
    }

    internal void SetMuted(PublishedTrack track, bool muted, bool byServer = false)
    {
        track.IsMutedByServer = muted && byServer;
        track.SetMuted(muted);
        Changed();
        Room.Announce(this);
    }

    private void OnMetadata(UpdateParticipantMetadata request)
    {
        var refusal = Grants.CanUpdateMetadata ? Describe(request.Name, request.Metadata, request.Attributes)
            : Failure.Denied("the token does not grant canUpdateOwnMetadata");
        var reason = refusal?.Code switch
        {
            null => Reason.Ok,
            FailureCode.PermissionDenied => Reason.NotAllowed,
            _ => Reason.LimitExceeded,
        };
        Answer(new RequestResponse { RequestId = request.RequestId, Reason = reason, Message = refusal?.Message ?? "" });
    }

    /// <summary>Empty texts stay as they are; an attribute that becomes empty is taken away (LiveKit's rules).</summary>
    /// <returns>Null, or which text would be too long: then nothing has changed.</returns>
    internal Failure? Describe(string name, string metadata, IReadOnlyCollection<KeyValuePair<string, string>> attributes)
    {
        if ((TextLimits.CheckParticipantName(name) ?? TextLimits.CheckMetadata(metadata) ?? CheckMerged(attributes)) is { } tooLong)
            return tooLong;
        var before = (Info.Name, Info.Metadata, Attributes: attributes.Count > 0 ? Info.Attributes.Clone() : Info.Attributes);
        if (name.Length > 0) Info.Name = name;
        if (metadata.Length > 0) Info.Metadata = metadata;
        foreach (var (key, value) in attributes)
        {
            if (value.Length == 0) Info.Attributes.Remove(key);
            else Info.Attributes[key] = value;
        }
        if (InfoBytes > MaxInfoBytes) // thousands of tiny attributes take more on the wire than they say
        {
            (Info.Name, Info.Metadata) = (before.Name, before.Metadata);
            if (attributes.Count > 0)
            {
                Info.Attributes.Clear();
                Info.Attributes.Add(before.Attributes);
            }
            return Failure.InvalidArgument(TooMuchShown);
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
        Info.Permission = Grants.ToPermission();
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
        // Before the others hear of it, which may wait: what it may no longer do it may not do with its next token or node either.
        TellClaims();
        TellCarried(atOnce: true);
        if (changes.Withdrawn.Count > 0) Room.TracksChanged(this, changes);
        else Room.Announce(this);
        if (Grants.CanSubscribe) Room.OfferAllTo(this);
    }
}
