using System.Collections.Immutable;

namespace VideoScale.Gateway.Tokens;

/// <summary>What may be signed with a key now.</summary>
/// <param name="Secrets">The newest first, which signs; the others are taken as well. Empty: tokens of the key are refused.</param>
/// <param name="Problem">Why they are; empty where they are not.</param>
public sealed record KeyLookup(ImmutableArray<ApiKey> Secrets, string Problem)
{
    internal static readonly KeyLookup Unknown = new([], "invalid API key");
}

/// <summary>Whose word a token is, and since when.</summary>
/// <param name="IssuedAt">Null where it does not say.</param>
public sealed record TokenOrigin(string Key, string Subject, DateTimeOffset? IssuedAt);

/// <summary>API keys, and tokens that are refused although their signature is good. Answers change while a gateway runs.</summary>
public interface IKeyRing
{
    KeyLookup Find(string key);

    bool IsRevoked(TokenOrigin origin);

    /// <summary>Completes with the next revocation.</summary>
    Task Changed { get; }
}

/// <summary>Keys that are what they are, and nothing revoked.</summary>
public sealed class FixedKeys(IEnumerable<ApiKey> keys) : IKeyRing
{
    private readonly Dictionary<string, KeyLookup> _keys =
        keys.ToDictionary(static key => key.Key, static key => new KeyLookup([key], ""), StringComparer.Ordinal);

    public KeyLookup Find(string key) => _keys.GetValueOrDefault(key, KeyLookup.Unknown);

    public bool IsRevoked(TokenOrigin origin) => false;

    public Task Changed { get; } = new TaskCompletionSource().Task;
}
