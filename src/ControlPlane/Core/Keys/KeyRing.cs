using System.Collections.Immutable;
using VideoScale.ControlPlane.Canonical;
using VideoScale.ControlPlane.Fields;

namespace VideoScale.ControlPlane.Keys;

/// <summary>API keys and revoked tokens, as the fold of their events. Immutable: a change replaces it.</summary>
/// <param name="Keys">In order of their names.</param>
/// <param name="Revocations">In the order in which they were made.</param>
public sealed record KeyRing(ImmutableArray<ApiKeyRecord> Keys, ImmutableArray<TokenRevocation> Revocations)
{
    public const int MaxKeys = 1_000;
    public const int MaxRevocations = 10_000;

    public static readonly KeyRing Empty = new([], []);

    /// <summary>Null when there is none of that name.</summary>
    public ApiKeyRecord? Find(string name) => Keys.FirstOrDefault(key => key.Name == name);

    internal KeyRing With(ApiKeyRecord key) =>
        this with { Keys = [.. Keys.Where(other => other.Name != key.Name).Append(key).OrderBy(one => one.Name, StringComparer.Ordinal)] };

    internal KeyRing Without(string name) => this with { Keys = Keys.RemoveAll(key => key.Name == name) };

    /// <summary>Whatever the new one covers as well, and what has ended, goes.</summary>
    internal KeyRing With(TokenRevocation revocation, long nowMs) => this with
    {
        Revocations =
        [
            .. Revocations.Where(other => other.UntilMs > nowMs && !(other.Key == revocation.Key && other.Subject == revocation.Subject
                && other.IssuedBeforeMs <= revocation.IssuedBeforeMs && other.UntilMs <= revocation.UntilMs)),
            revocation,
        ],
    };

    public void Describe(FieldSink sink)
    {
        sink.BeginList("keys", Keys.Length);
        foreach (var key in Keys)
        {
            sink.BeginItem();
            key.Describe(sink);
            sink.EndItem();
        }
        sink.EndList();
        sink.BeginList("revocations", Revocations.Length);
        foreach (var revocation in Revocations)
        {
            sink.BeginItem();
            revocation.Describe(sink);
            sink.EndItem();
        }
        sink.EndList();
    }

    public static KeyRing Read(ref CanonicalReader r)
    {
        var keys = new ApiKeyRecord[r.ReadCount(MaxKeys)];
        for (var i = 0; i < keys.Length; i++) keys[i] = ApiKeyRecord.Read(ref r);
        var revocations = new TokenRevocation[r.ReadCount(MaxRevocations)];
        for (var i = 0; i < revocations.Length; i++) revocations[i] = TokenRevocation.Read(ref r);
        return new([.. keys], [.. revocations]);
    }
}
