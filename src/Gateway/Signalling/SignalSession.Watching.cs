using Google.Protobuf;
using Grpc.Core;
using LiveKit.Proto;
using VideoScale.Gateway.Tokens;
using VideoScale.V1;

namespace VideoScale.Gateway.Signalling;

/// <summary>What goes on beside a client's words: a fresh token now and then, and whether it is still there.</summary>
internal sealed partial class SignalSession
{
    private static readonly TimeSpan LookAround = TimeSpan.FromSeconds(1);

    /// <summary>
    /// Tells the node when the client, whose socket is open, has fallen silent: a process that is stopped, a machine that sleeps. Whether
    /// it has gone its media tells.
    /// </summary>
    private async Task WatchAsync(NodeLine line, CancellationToken cancellationToken)
    {
        var told = false;
        using var timer = new PeriodicTimer(LookAround);
        try
        {
            while (await timer.WaitForNextTickAsync(cancellationToken))
            {
                var isQuiet = client.Pings && client.SilentFor >= SignalTiming.PingTimeout;
                if (isQuiet == told) continue;
                await line.SayQuietAsync(isQuiet, cancellationToken);
                told = isQuiet;
            }
        }
        catch (Exception e) when (IsLineGone(e)) { } // whoever reads from the node meets the same end
    }

    /// <summary>
    /// Before the stream ends: whoever fell silent with its socket open is waited for no longer than its media lasts, whether or not it is
    /// one that sends pings.
    /// </summary>
    private async Task SayUnansweringAsync(CancellationToken cancellationToken)
    {
        try { if (_line is { } line) await line.SayQuietAsync(isQuiet: true, cancellationToken); }
        catch (Exception e) when (IsLineGone(e)) { } // the next node counts anew
    }

    /// <summary>What the client is and may do has changed: from now on it comes back with a token that says so.</summary>
    private async Task RefreshAsync(SessionClaims claims, CancellationToken cancellationToken)
    {
        _claims = claims;
        if (services.Refresher.Refresh(token, grants.Identity, claims) is { } refreshed)
            await TellAsync(new SignalResponse { RefreshToken = refreshed }.ToByteString(), cancellationToken);
    }

    /// <summary>Now and then, so that a client whose own token has run out can come back.</summary>
    private async Task RefreshAsync(CancellationToken cancellationToken)
    {
        using var timer = new PeriodicTimer(TokenRefresher.Period, services.Refresher.Clock);
        try
        {
            while (await timer.WaitForNextTickAsync(cancellationToken))
                if (_claims is { } claims) await RefreshAsync(claims, cancellationToken);
        }
        catch (OperationCanceledException) { }
    }
}
