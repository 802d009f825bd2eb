using LiveKit.Proto;

namespace VideoScale.Gateway.Signalling;

/// <summary>What is known of a client's program, where it matters how it is led.</summary>
internal static class ClientKind
{
    private const string Firefox = "firefox";
    /// <summary>The version of the protocol in which a leave says what is to be done.</summary>
    private const int FirstWithActions = 13;

    /// <summary>LiveKit's JavaScript client does not name its browser: the User-Agent header does, as LiveKit's server reads it.</summary>
    internal static void Complete(JoinRequest join, string userAgent)
    {
        join.ClientInfo ??= new ClientInfo();
        // Firefox on iOS is FxiOS there, and WebKit.
        if (join.ClientInfo.Browser.Length == 0 && userAgent.Contains("Firefox/", StringComparison.OrdinalIgnoreCase))
            join.ClientInfo.Browser = Firefox;
    }

    /// <summary>
    /// Whether a leave can tell it to come back to its session. An older one takes every leave for the end of its connections; what it
    /// comes back from by itself, and at once, is a socket that closed.
    /// </summary>
    internal static bool IsLedByLeave(ClientInfo? client) => client is null or { Protocol: 0 or >= FirstWithActions };

    /// <summary>
    /// Whether it makes new keys on a connection that stands, when it is led to a node with another fingerprint. Firefox restarts ICE there
    /// and keeps its former DTLS association: it has to connect anew.
    /// </summary>
    internal static bool RenewsKeys(ClientInfo? client) =>
        !string.Equals(client?.Browser, Firefox, StringComparison.OrdinalIgnoreCase)
            || string.Equals(client?.Os, "ios", StringComparison.OrdinalIgnoreCase);
}
