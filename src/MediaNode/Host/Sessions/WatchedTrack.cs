using LiveKit.Proto;

namespace VideoScale.MediaNode.Host.Sessions;

/// <summary>A track that somebody who only watches may be sent.</summary>
/// <param name="Level">How loud its owner is now, 0 to 1.</param>
internal sealed record WatchedTrack(string Sid, TrackSource Source, bool IsVideo, string Owner, float Level, bool IsMuted)
{
    /// <summary>
    /// Of pictures a shared screen, else the loudest speaker, else the first; of sounds that of the screen, else the voice of whoever is
    /// seen, else as for pictures.
    /// </summary>
    /// <param name="tracks">Of one kind, in the order in which they are shown.</param>
    /// <param name="watched">The picture that is seen already; null without one.</param>
    /// <returns>Null when there is none.</returns>
    internal static WatchedTrack? Next(IReadOnlyList<WatchedTrack> tracks, WatchedTrack? watched) => tracks
        .OrderBy(track => track.IsMuted)
        .ThenByDescending(track => track.Source is TrackSource.ScreenShare or TrackSource.ScreenShareAudio
            && (watched is null || track.IsVideo || watched.Owner == track.Owner))
        .ThenByDescending(track => track.Owner == watched?.Owner)
        .ThenByDescending(track => track.Level)
        .FirstOrDefault();
}
