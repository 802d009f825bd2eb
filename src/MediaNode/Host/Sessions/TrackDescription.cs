using LiveKit.Proto;
using VideoScale.Model;

namespace VideoScale.MediaNode.Host.Sessions;

/// <summary>
/// What clients say of a track, as far as it is kept and shown: bounded, and copied field by field, so that nothing unknown comes along.
/// </summary>
internal static class TrackDescription
{
    /// <summary>Of names, ids, streams. LiveKit has no limit here; this one keeps what a participant shows of itself small.</summary>
    private const int MaxTextBytes = 1_024;
    /// <summary>Of layers, codecs, features.</summary>
    private const int MaxEntries = 16;
    /// <summary>As long as one in a session description may be.</summary>
    private const int MaxRidBytes = 32;

    /// <summary>Null when it is kept as it is.</summary>
    internal static Failure? Check(AddTrackRequest request)
    {
        var isTooLong = new[] { request.Name, request.Cid, request.Stream, request.Sid }
            .Any(text => TextLimits.BytesOf(text) > MaxTextBytes)
            || request.Layers.Count > MaxEntries || request.AudioFeatures.Count > MaxEntries || request.SimulcastCodecs.Count > MaxEntries
            || request.Layers.Any(layer => TextLimits.BytesOf(layer.Rid) > MaxRidBytes)
            || request.SimulcastCodecs.Any(codec => TextLimits.BytesOf(codec.Cid) + TextLimits.BytesOf(codec.Codec) > MaxTextBytes
                || codec.Layers.Count > MaxEntries);
        return isTooLong
            ? Failure.Exhausted(
                $"the track's texts exceed {MaxTextBytes} bytes each, {MaxRidBytes} of a rid, or it has more than {MaxEntries} layers, "
                + $"features or codecs")
            : null;
    }

    internal static AddTrackRequest Copy(AddTrackRequest request)
    {
        var copy = new AddTrackRequest
        {
            Cid = request.Cid,
            Name = request.Name,
            Type = request.Type,
            Width = request.Width,
            Height = request.Height,
            Muted = request.Muted,
            DisableDtx = request.DisableDtx,
            Source = request.Source,
            Sid = request.Sid,
            Stereo = request.Stereo,
            DisableRed = request.DisableRed,
            Stream = request.Stream,
        };
        copy.Layers.AddRange(Copy(request.Layers));
        copy.SimulcastCodecs.AddRange(request.SimulcastCodecs.Select(codec => new SimulcastCodec { Codec = codec.Codec, Cid = codec.Cid }));
        copy.AudioFeatures.AddRange(Known(request.AudioFeatures));
        return copy;
    }

    internal static IEnumerable<VideoLayer> Copy(IEnumerable<VideoLayer> layers) => layers.Select(layer => new VideoLayer
    {
        Quality = layer.Quality,
        Width = layer.Width,
        Height = layer.Height,
        Bitrate = layer.Bitrate,
        Ssrc = layer.Ssrc,
        SpatialLayer = layer.SpatialLayer,
        Rid = layer.Rid,
    });

    /// <summary>Each once: over the wire a list of features may hold any numbers, any number of times.</summary>
    internal static IEnumerable<AudioTrackFeature> Known(IEnumerable<AudioTrackFeature> features) =>
        features.Where(static feature => Enum.IsDefined(feature)).Distinct();
}
