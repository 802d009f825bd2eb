namespace VideoScale.MediaNode.Sdp;

/// <summary>fmtp of Opus (RFC 7587 §6.1): in it a receiver says how it wants to be sent to, so an offer's is not its answer's.</summary>
public static class OpusParameters
{
    /// <summary>Opus's own limit, RFC 7587 §6.1: music is to sound as well as it can.</summary>
    private const string Music = "stereo=1;maxaveragebitrate=510000";
    private static readonly string[] Ours = ["stereo", "sprop-stereo", "usedtx", "maxaveragebitrate"];

    /// <summary>What a publisher shall send.</summary>
    /// <param name="dtx">Silence need not be sent.</param>
    public static string ForPublisher(string offered, bool dtx, bool stereo) =>
        Join(Rest(offered), dtx ? "usedtx=1" : "", stereo ? Music : "");

    /// <summary>What a viewer will get.</summary>
    public static string ForViewer(string offered, bool stereo) => Join(Rest(offered), stereo ? "stereo=1;sprop-stereo=1" : "");

    private static string Rest(string offered) =>
        string.Join(';', offered.Split(';', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)
            .Where(part => !Ours.Contains(part.Split('=')[0].TrimEnd(), StringComparer.OrdinalIgnoreCase)));

    private static string Join(params string[] parts) => string.Join(';', parts.Where(part => part.Length > 0));
}
