using LiveKit.Proto;

namespace VideoScale.Gateway.Signalling;

/// <summary>How a client begins.</summary>
/// <param name="HasTwoConnections">It speaks LiveKit's older signalling: it receives over a connection that the server offers.</param>
internal sealed record ClientWish(JoinRequest Join, bool HasTwoConnections)
{
    /// <summary>It has no signalling after this: its session lives as long as its connection.</summary>
    internal bool IsUnattended { get; init; }

    /// <summary>Its node chooses what it receives.</summary>
    internal bool Watches { get; init; }
}
