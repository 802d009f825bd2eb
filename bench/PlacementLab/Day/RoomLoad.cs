namespace VideoScale.Bench.PlacementLab.Day;

/// <summary>What a room really takes of its node at one moment, which no policy is told.</summary>
/// <remarks>Fitted to published figures of an SFU on 16 cores: docs/placement-lab.md.</remarks>
internal readonly record struct RoomLoad(double Cores, double IngressKbps, double EgressKbps, double Pps)
{
    private const int TileCap = 16, SpeakersForwarded = 3;
    private const double SpeechKbps = 48, SpeechPps = 50, CameraKbps = 2_300, CameraPps = 270, Overhead = 1.03;
    private const double CoresPerPpsIn = 47e-6, CoresPerPpsOut = 13e-6, CoresPerByteOut = 14e-9, CoresPerParticipant = 0.001;

    /// <param name="costError">What the model does not know of this room, as a factor.</param>
    internal static RoomLoad Of(int participants, int cameras, double costError)
    {
        if (participants == 0) return default;
        var speakers = Math.Min(SpeakersForwarded, participants);
        var tiles = Math.Min(TileCap, cameras);
        var (tileKbps, tilePps) = cameras switch { 0 => (0.0, 0.0), 1 => (1_700, 195), <= 9 => (300, 40), _ => (120, 20) };
        var ppsIn = cameras * CameraPps + speakers * SpeechPps;
        var ppsOut = participants * (tiles * tilePps + speakers * SpeechPps);
        var egressKbps = participants * (tiles * tileKbps + speakers * SpeechKbps) * Overhead;
        var cores = CoresPerPpsIn * ppsIn + CoresPerPpsOut * ppsOut + CoresPerByteOut * egressKbps * 125
            + CoresPerParticipant * participants;
        return new(cores * costError, cameras * CameraKbps + speakers * SpeechKbps, egressKbps, ppsIn + ppsOut);
    }

    public static RoomLoad operator +(RoomLoad a, RoomLoad b) =>
        new(a.Cores + b.Cores, a.IngressKbps + b.IngressKbps, a.EgressKbps + b.EgressKbps, a.Pps + b.Pps);
    public static RoomLoad operator -(RoomLoad a, RoomLoad b) =>
        new(a.Cores - b.Cores, a.IngressKbps - b.IngressKbps, a.EgressKbps - b.EgressKbps, a.Pps - b.Pps);

    /// <summary>Share of a node, in the tightest dimension.</summary>
    internal double ShareOf(double cores, double nicKbps) => Math.Max(Cores / cores, Math.Max(IngressKbps, EgressKbps) / nicKbps);
}
