namespace VideoScale.ControlPlane.Placement;

/// <param name="ExpectedParticipants">The creator's hint; 0 for none.</param>
/// <param name="MaxParticipants">0 for no cap of its own.</param>
/// <param name="MaxPublishers">0 for all of them.</param>
public readonly record struct RoomSize(uint ExpectedParticipants, uint MaxParticipants, uint MaxPublishers);

/// <summary>What participants cost in bitrate, in integers, so that every replica counts the same.</summary>
/// <remarks>
/// Source of the figures: docs/placement.md. A publisher sends three layers and speech. A viewer gets min(tiles, cameras) tiles at the
/// layer the tile count implies, and at most three speakers, 3 % overhead. Fewer cameras may mean larger layers, so the cost is made
/// monotone: a participant who leaves never raises what a room is charged, and a leave can never push a node over its cap.
/// </remarks>
public static class RoomCost
{
    /// <summary>Tiles shown at once.</summary>
    public const uint TileCap = 16;
    /// <summary>Assumed peak when the creator gave no hint.</summary>
    public const uint UnknownPeak = 4;
    public const ulong SpeechKbps = 48;
    public const uint SpeakersForwarded = 3;
    /// <summary>
    /// 180p 120 + 360p 300 + 720p 1,700 kbit/s of simulcast, less what congestion control keeps back, plus speech: as measured on the wire.
    /// </summary>
    public const ulong PublisherUpKbps = 2_300 + SpeechKbps;

    private static readonly ulong[] ViewerDownKbps = BuildViewerTable();

    /// <param name="participants">All, publishers among them.</param>
    public static Reservation Of(uint participants, uint publishers)
    {
        publishers = Math.Min(publishers, participants);
        var down = ViewerDownKbps[Math.Min(publishers, TileCap)];
        return new(publishers, participants, publishers * PublisherUpKbps + participants * down);
    }

    /// <summary>
    /// What is reserved for a room at its expected peak: 1.15 times the hint, within its own caps and never under those who are there.
    /// </summary>
    public static Reservation ForPeak(RoomSize size, uint participantsNow = 0, uint publishersNow = 0)
    {
        var hint = size.ExpectedParticipants > 0 ? (size.ExpectedParticipants * 115 + 99) / 100 : UnknownPeak;
        if (size.MaxParticipants > 0) hint = Math.Min(hint, size.MaxParticipants);
        var participants = Math.Max(hint, participantsNow);
        var publishers = size.MaxPublishers > 0 ? Math.Min(participants, size.MaxPublishers) : participants;
        return Of(participants, Math.Max(publishers, publishersNow));
    }

    private static ulong[] BuildViewerTable()
    {
        var table = new ulong[TileCap + 1];
        ulong most = 0;
        for (uint cameras = 0; cameras <= TileCap; cameras++)
        {
            ulong layerKbps = cameras switch { 0 => 0, 1 => 1_700, <= 9 => 300, _ => 120 };
            var raw = cameras * layerKbps + Math.Min(cameras, SpeakersForwarded) * SpeechKbps;
            most = Math.Max(most, raw);
            table[cameras] = most * 103 / 100;
        }
        return table;
    }
}
