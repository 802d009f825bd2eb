namespace VideoScale.ControlPlane.Host.Cluster;

/// <summary>
/// How long members may say nothing before calls, streams and changes of members take them for gone: what the standard ticks of 50 ms need
/// with room to spare; with longer ticks as many of them.
/// </summary>
/// <param name="TickMs">RaftTickMs: a heartbeat is 2 ticks, an election 6 to 12.</param>
public sealed record ElectionTiming(int TickMs = ElectionTiming.StandardTickMs)
{
    private const int StandardTickMs = 50;

    /// <summary>
    /// For an election, counted from when the leader was lost: a few of the longest ones (0.6 s), and with the way to the caller below the
    /// 2 s after which callers are told.
    /// </summary>
    public TimeSpan CallPatience => Of(1_750);

    /// <summary>Silence that counts as not answering; voters are asked for their vote at least every 0.6 s.</summary>
    public TimeSpan Silence => Of(1_000);

    /// <summary>Longer than an election takes: a change of leaders is no reason to list anew.</summary>
    public TimeSpan StreamPatience => Of(3_000);

    /// <summary>Time for a voter to be heard a few times.</summary>
    public TimeSpan VoterPatience => Of(2_000);

    /// <param name="standardMs">At standard ticks, and with shorter ones: how long a machine or a network pauses does not go by
    /// ticks.</param>
    private TimeSpan Of(long standardMs) => TimeSpan.FromMilliseconds(standardMs * Math.Max(TickMs, StandardTickMs) / StandardTickMs);
}
