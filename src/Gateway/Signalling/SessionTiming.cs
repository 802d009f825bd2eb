namespace VideoScale.Gateway.Signalling;

/// <summary>How long a session waits for what, in milliseconds.</summary>
internal static class SessionTiming
{
    /// <summary>LiveKit's clients wait 5 s for the first message of a join, and give a reconnecting one longer.</summary>
    internal const int JoinMs = 12_000;
    internal const int RetryPauseMs = 100;
    /// <summary>How far behind this replica may be when a client comes back.</summary>
    internal const int BehindMs = 500;
    internal const int ReattachPauseMs = 250, LookPauseMs = 1_000;
    /// <summary>
    /// A room whose owner let its sessions go and then kept it: clients begin anew there. The same for the last words of a client that has
    /// gone.
    /// </summary>
    internal const int GiveUpMs = 10_000;
    /// <summary>The new owner learns of a room a little after the log does; the old one forwards for longer than this.</summary>
    internal const int CarryMs = 5_000;
    /// <summary>Clients of a room that moved come back one after the other: each brings key frames and a handshake.</summary>
    internal const int StaggerMsPerParticipant = 10, MaxStaggerMs = 2_000;
    /// <summary>A client that is told to go closes its socket by then.</summary>
    internal const int CloseMs = 2_000;
    /// <summary>A node that answers at all has handled the last words of a client by then.</summary>
    internal const int DeliveryMs = 5_000;
    /// <summary>How often it is looked whether the client has fallen silent.</summary>
    internal const int LookAroundMs = 1_000;
}
