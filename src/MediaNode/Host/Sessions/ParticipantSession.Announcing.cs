using LiveKit.Proto;
using VideoScale.MediaNode.Codecs;
using Reason = LiveKit.Proto.RequestResponse.Types.Reason;

namespace VideoScale.MediaNode.Host.Sessions;

/// <summary>Tracks as their client describes them, before and beside the offer that brings them.</summary>
internal sealed partial class ParticipantSession
{
    internal void OnAddTrack(AddTrackRequest request)
    {
        if (WhyNot(request) is { } refusal)
        {
            RefuseTrack(request, refusal.Reason, refusal.Why);
            return;
        }
        // A repeat, after a resume: the same track keeps its id.
        if (_tracks.Find(known => known.Request.Cid == request.Cid && request.Cid.Length > 0) is not { } track)
        {
            track = NewTrack(TrackDescription.Copy(request));
            if (InfoBytes + track.Info.CalculateSize() > MaxInfoBytes)
            {
                RefuseTrack(request, Reason.LimitExceeded, TooMuchShown);
                return;
            }
            _tracks.Add(track);
        }
        TellCarried();
        Tell(new SignalResponse { TrackPublished = new TrackPublishedResponse { Cid = request.Cid, Track = track.Info } });
    }

    private (Reason Reason, string Why)? WhyNot(AddTrackRequest request) => request switch
    {
        { Type: TrackType.Data } => (Reason.UnsupportedType, "data tracks are not served"),
        _ when !Grants.AllowsSource(request.Source) => (Reason.NotAllowed, "the token does not allow to publish this source"),
        _ when _tracks.Count >= MostTracks => (Reason.LimitExceeded, $"more than {MostTracks} tracks"),
        _ when TrackDescription.Check(request) is { } tooLong => (Reason.LimitExceeded, tooLong.Message),
        _ => null,
    };

    /// <summary>Names the request that it answers: its client may have several under way.</summary>
    private void RefuseTrack(AddTrackRequest request, Reason reason, string why) =>
        Answer(new RequestResponse { Reason = reason, Message = why, AddTrack = Refusals.Echo(request) });

    /// <summary>Its client waits for the answer, which it takes for this track by the number alone.</summary>
    private void OnDataTrack(PublishDataTrackRequest request)
    {
        var (reason, why) = Grants.CanPublishData
            ? (Reason.UnsupportedType, "data tracks are not served")
            : (Reason.NotAllowed, "the token does not allow to publish data");
        var named = new PublishDataTrackRequest { PubHandle = request.PubHandle };
        Answer(new RequestResponse { Reason = reason, Message = why, PublishDataTrack = named });
    }

    private void OnDataTrackEnd(UnpublishDataTrackRequest request) =>
        Answer(new RequestResponse
        {
            Reason = Reason.NotFound,
            Message = $"data track {request.PubHandle} is not published",
            UnpublishDataTrack = request,
        });

    private static string TooMuchShown => $"what the participant shows of itself would exceed {MaxInfoBytes} bytes";

    /// <summary>What it shows of itself, once all is published that it announced.</summary>
    private int InfoBytes =>
        Info.CalculateSize() + _tracks.Where(track => !Info.Tracks.Contains(track.Info)).Sum(track => track.Info.CalculateSize());

    private void RefuseLimit(string why) =>
        Answer(new RequestResponse { Reason = Reason.LimitExceeded, Message = why });

    private PublishedTrack NewTrack(AddTrackRequest request)
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
            MimeType = request.Type == TrackType.Audio ? CodecNames.Mime(Codecs.Codec.Opus) : AskedCodec(request) is { } asked
                ? CodecNames.Mime(asked) : "",
            Simulcast = request.Layers.Count > 1,
        };
        info.Layers.AddRange(TrackDescription.Copy(request.Layers));
        // Also of audio: a new owner of the room knows by it what the client says twice.
        var codec = new SimulcastCodecInfo { MimeType = info.MimeType, Cid = request.Cid };
        if (request.Type == TrackType.Video) codec.Layers.AddRange(TrackDescription.Copy(request.Layers));
        info.Codecs.Add(codec);
        var track = new PublishedTrack(this, _numbers.Next(), request, info);
        track.SetAudioFeatures(request.AudioFeatures.Concat(request.Stereo ? [AudioTrackFeature.TfStereo] : [])
            .Concat(request.DisableDtx ? [AudioTrackFeature.TfNoDtx] : []));
        return track;
    }

    private static Codecs.Codec? AskedCodec(AddTrackRequest request) =>
        request.SimulcastCodecs.Select(codec => CodecNames.Find(codec.Codec)).FirstOrDefault(known => known is not null);

    /// <summary>Told to the others; the sender's own parameters follow with its next offer.</summary>
    private void OnAudioFeatures(UpdateLocalAudioTrack request)
    {
        if (_tracks.Find(known => known.Sid == request.TrackSid && !known.IsVideo) is not { } track) return;
        track.SetAudioFeatures(request.Features);
        if (!Info.Tracks.Contains(track.Info)) return;
        Changed();
        Room.Announce(this);
    }
}
