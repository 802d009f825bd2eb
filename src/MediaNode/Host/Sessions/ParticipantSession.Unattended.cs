using LiveKit.Proto;
using VideoScale.MediaNode.Sdp;
using VideoScale.V1;

namespace VideoScale.MediaNode.Host.Sessions;

/// <summary>A session whose client has no signalling once it was answered: its connection alone says whether it is there.</summary>
internal sealed partial class ParticipantSession
{
    /// <summary>From the answer to the first packet: checks, a handshake, and a client that opens its camera between.</summary>
    internal const long ConnectMs = 30_000;

    private readonly long _openedAtMs = Environment.TickCount64;
    private SessionDescription? _lastOffer;
    private int _chosen;

    internal bool IsUnattended { get; }

    /// <summary>What its gateway needs to speak for its client; null where the client speaks for itself.</summary>
    internal UnattendedSession? ToUnattended() => !IsUnattended ? null : new UnattendedSession
    {
        Offer = _lastOffer?.Sdp ?? "",
        IceFragment = Uplink.Described.IceFragment,
    };

    /// <summary>Nobody waits for a client that cannot come back: it was never there, has closed its connection, or is silent.</summary>
    internal bool HasGoneUnattended(long silentForMs, long nowMs) =>
        HasLostTransport || (HasMedia ? IsSilent(silentForMs, nowMs) : nowMs - _openedAtMs > ConnectMs) || LacksWhatWasChosen;

    /// <summary>
    /// What it was sent has ended. There is no way to offer it anything else: when it connects again it gets what is there then.
    /// </summary>
    private bool LacksWhatWasChosen => _subscriptions.Count(subscription => subscription.Mid.Length > 0) < _chosen;

    /// <summary>Wants of what is there as much as an offer has room for, before the offer is answered.</summary>
    internal void Choose(SessionDescription offer)
    {
        if (!Grants.CanSubscribe || SdpParser.Parse(offer.Sdp).Description is not { } description) return;
        var there = Room.Participants.Where(other => other != this && !other.IsHidden).SelectMany(other => other.Tracks
            .Where(track => track.IsPublished && MayReceive(track))
            .Select(track => new WatchedTrack(track.Sid, track.Info.Source, track.IsVideo, other.Sid, Room.LevelOf(other.Sid),
                track.Info.Muted))).ToList();
        foreach (var media in description.Media.Where(media => media.Receives && (media.IsAudio || media.IsVideo)))
        {
            var fitting = there.Where(track => track.IsVideo == media.IsVideo && !_wanted.Contains(track.Sid)
                && Room.FindTrack(track.Sid)!.FormatIn(media) is not null).ToList();
            var watched = there.Find(track => track.IsVideo && _wanted.Contains(track.Sid));
            if (WatchedTrack.Next(fitting, watched) is not { } next) continue;
            _wanted.Add(next.Sid);
        }
        Room.OfferAllTo(this);
        _chosen = _wanted.Count;
    }
}
