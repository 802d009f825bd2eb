using VideoScale.Model;

namespace VideoScale.ControlPlane.Host.Providers;

/// <summary>
/// Starts and ends the machines or processes that media nodes run on. Every call may be repeated: the key decides, not the number of calls.
/// </summary>
/// <remarks>Failures are <see cref="ProviderException"/>; any other one counts as <see cref="ProviderError.Unknown"/>.</remarks>
public interface IInstanceProvider
{
    /// <summary>For messages.</summary>
    string Name { get; }

    /// <summary>Starts an instance, or finds the one that this key has already.</summary>
    /// <returns>What the provider calls it.</returns>
    Task<string> LaunchAsync(LaunchOrder order, CancellationToken cancellationToken);

    /// <summary>Ends an instance. One that is not there is ended.</summary>
    Task TerminateAsync(string pool, NodeId key, string providerId, CancellationToken cancellationToken);

    /// <summary>All instances of a pool of this cluster: complete, or a failure.</summary>
    Task<IReadOnlyList<ProvidedInstance>> ListAsync(string pool, CancellationToken cancellationToken);
}

/// <param name="Key">The node registers under it.</param>
/// <param name="Region">It registers in it; may be empty.</param>
public sealed record LaunchOrder(string Pool, NodeId Key, string Region);

/// <param name="Id">What the provider calls it.</param>
public sealed record ProvidedInstance(NodeId Key, string Id);

/// <summary>What kind of no a provider said.</summary>
public enum ProviderError
{
    /// <summary>Nothing is known of what was done: it is asked about again.</summary>
    Unknown = 0,
    /// <summary>Nothing was done; it may work soon.</summary>
    Transient,
    /// <summary>Too many calls.</summary>
    Throttled,
    /// <summary>It has none left of this kind.</summary>
    NoCapacity,
    /// <summary>The account's limit is reached.</summary>
    Quota,
    /// <summary>What was asked for makes no sense to it.</summary>
    BadSpec,
    /// <summary>We may not.</summary>
    Denied,
}

/// <summary>A provider said no, or nothing.</summary>
public sealed class ProviderException(ProviderError error, string message, TimeSpan? retryAfter = null, Exception? inner = null)
    : Exception(message, inner)
{
    public ProviderError Error { get; } = error;
    public TimeSpan? RetryAfter { get; } = retryAfter;

    /// <summary>It is certain that nothing was launched.</summary>
    public bool IsCertain => Error is not ProviderError.Unknown;

    /// <summary>The same call would be answered the same way.</summary>
    public bool IsHopeless => Error is ProviderError.BadSpec or ProviderError.Denied;
}
