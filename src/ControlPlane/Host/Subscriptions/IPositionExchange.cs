namespace VideoScale.ControlPlane.Host.Subscriptions;

/// <summary>How far a subscriber that runs on the leader is, among the replicas: the next leader goes on from there.</summary>
internal interface IPositionExchange
{
    /// <summary>Tells a position and learns those that others know.</summary>
    /// <param name="seq">Null: none is known here.</param>
    /// <returns>The highest that others know, null when none does; and whether a majority of voters has answered, this replica
    /// included.</returns>
    Task<(ulong? Highest, bool IsMajority)> ExchangeAsync(string subscriber, ulong? seq, CancellationToken cancellationToken);
}
