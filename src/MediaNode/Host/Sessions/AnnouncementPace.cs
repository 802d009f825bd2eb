using VideoScale.Model;

namespace VideoScale.MediaNode.Host.Sessions;

/// <summary>
/// How much a participant may make the others hear of itself: what it says beyond that is told later, and only as it is then. A client that
/// changes large texts without end costs the room a bounded share of everyone's signalling, and nothing that it says is refused.
/// </summary>
internal sealed class AnnouncementPace
{
    /// <summary>
    /// A dozen descriptions with the largest metadata and attributes: who has them may still join and publish several tracks at once.
    /// </summary>
    internal const int BurstBytes = 8 << 20;

    /// <summary>Small changes, raised hands and mutes among them, stay far below.</summary>
    internal const int BytesPerSecond = 256 * 1024;

    private readonly ByteBucket _bucket = new(BurstBytes, BytesPerSecond);

    /// <summary>Something waits to be told.</summary>
    internal bool IsDue { get; private set; }

    /// <summary>Whether it may be told now; else it is due.</summary>
    /// <param name="bytes">What each of the others would be sent.</param>
    /// <param name="nowMs">Milliseconds of any clock that does not go back.</param>
    internal bool Take(int bytes, long nowMs)
    {
        IsDue = _bucket.LeftAt(nowMs) <= 0;
        if (!IsDue) _bucket.Take(bytes, nowMs);
        return !IsDue;
    }
}
