namespace VideoScale.Gateway.Signalling;

/// <summary>How long silence may be on a client's socket.</summary>
internal static class SignalTiming
{
    /// <summary>
    /// Clients are told to send a ping every 5 s, and to give the server up after 15 s without an answer; the server does the same.
    /// </summary>
    internal static readonly TimeSpan PingTimeout = TimeSpan.FromSeconds(15);
    /// <summary>
    /// WebSocket's own pings, which a browser answers even when the page hangs, and clients of any age do: without an answer the machine is
    /// gone, or all of it stands still.
    /// </summary>
    internal static readonly TimeSpan KeepAlivePeriod = TimeSpan.FromSeconds(5), KeepAliveTimeout = TimeSpan.FromSeconds(10);
}
