using VideoScale.MediaNode.Sdp;
using VideoScale.V1;

namespace VideoScale.MediaNode.Host.Sessions;

/// <summary>One section of our offers to a client, from its first offer on.</summary>
internal sealed class OfferedSection(SdpMedia media)
{
    internal string Mid { get; } = media.Mid;
    /// <summary>As it was, or is to be, offered last.</summary>
    internal SdpMedia Media { get; set; } = media;
    internal TrackSubscription? Carries { get; private set; }
    internal SectionAnswer.Send? Sends { get; private set; }
    /// <summary>The client has seen it without a track.</summary>
    internal bool HasRested { get; set; }
    /// <summary>The id of the track that it carried first; empty before.</summary>
    internal string FirstTrack { get; private set; } = "";
    /// <summary>The client has given it up: it is dead (RFC 8829 §5.2.2).</summary>
    internal bool IsRefused { get; set; }

    internal SectionAnswer Outline => IsRefused ? new SectionAnswer.Refused() : Media.IsData ? new SectionAnswer.Data()
        : Sends ?? (SectionAnswer)new SectionAnswer.Idle();

    internal bool IsFreeFor(TrackSubscription subscription) =>
        HasRested && !IsRefused && Carries is null && !Media.IsData && Media.IsVideo == subscription.Track.IsVideo;

    internal void Carry(TrackSubscription subscription, SectionAnswer.Send sends)
    {
        (Carries, Sends, HasRested) = (subscription, sends, false);
        if (FirstTrack.Length == 0) FirstTrack = subscription.Track.Sid;
    }

    internal void Rest() => (Carries, Sends, HasRested) = (null, null, false);

    internal CarriedSection ToCarried() => new() { Mid = Mid, Kind = Media.Kind, Refused = IsRefused, FirstTrack = FirstTrack };

    internal static OfferedSection Carried(CarriedSection carried) =>
        new(carried.Kind == "application" ? OfferedMedia.Data(carried.Mid) : OfferedMedia.Resting(carried.Mid, carried.Kind == "video"))
        { IsRefused = carried.Refused, FirstTrack = carried.FirstTrack };
}
