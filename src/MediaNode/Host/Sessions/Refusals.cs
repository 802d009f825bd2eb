using LiveKit.Proto;
using VideoScale.Model;
using Reason = LiveKit.Proto.RequestResponse.Types.Reason;

namespace VideoScale.MediaNode.Host.Sessions;

/// <summary>How LiveKit's clients are told that something is refused.</summary>
internal static class Refusals
{
    internal static Reason ReasonOf(Failure failure) => failure.Code switch
    {
        FailureCode.PermissionDenied => Reason.NotAllowed,
        FailureCode.ResourceExhausted => Reason.LimitExceeded,
        _ => Reason.UnclassifiedError,
    };

    /// <summary>What names the refused track, and no more of what may have been refused for its length.</summary>
    internal static AddTrackRequest Echo(AddTrackRequest request) =>
        new() { Cid = request.Cid, Sid = request.Sid, Type = request.Type, Source = request.Source };
}
