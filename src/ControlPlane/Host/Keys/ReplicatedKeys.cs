using System.Collections.Frozen;
using System.Collections.Immutable;
using VideoScale.ControlPlane.Host.Replication;
using VideoScale.ControlPlane.Keys;
using VideoScale.ControlPlane.State;
using VideoScale.Gateway.Tokens;

namespace VideoScale.ControlPlane.Host.Keys;

/// <summary>
/// Keys as the log has them, opened, and beneath them those of the configuration; followed on the apply thread, read by all.
/// </summary>
internal sealed class ReplicatedKeys(IEnumerable<ApiKey> configured, SealKeys seals, string clusterId, TimeProvider clock)
    : IKeyRing, IStateListener
{
    private readonly FixedKeys _configured = new(configured);
    private volatile View _view = View.Empty;
    private volatile TaskCompletionSource _changed = New();

    private sealed record Entry(ApiKeyRecord Record, ApiKey? Key, ApiKey? Former, string Problem);

    private sealed record View(FrozenDictionary<string, Entry> Keys, ILookup<string, TokenRevocation> Revocations)
    {
        internal static readonly View Empty = new(FrozenDictionary<string, Entry>.Empty, Array.Empty<TokenRevocation>().ToLookup(Key));

        internal static string Key(TokenRevocation revocation) => revocation.Key;
    }

    public Task Changed => _changed.Task;

    private long NowMs => clock.GetUtcNow().ToUnixTimeMilliseconds();

    public KeyLookup Find(string key)
    {
        if (!_view.Keys.TryGetValue(key, out var entry)) return _configured.Find(key);
        if (!entry.Record.IsEnabled) return new([], "the API key is disabled");
        if (entry.Key is null) return new([], $"the API key cannot be used here: {entry.Problem}");
        return new(entry.Former is { } former && NowMs < entry.Record.FormerUntilMs ? [entry.Key, former] : [entry.Key], "");
    }

    public bool IsRevoked(TokenOrigin origin)
    {
        var nowMs = NowMs;
        var issued = origin.IssuedAt?.ToUnixTimeMilliseconds();
        return _view.Revocations[origin.Key].Any(revocation => revocation.Covers(origin.Key, origin.Subject, issued, nowMs));
    }

    /// <returns>Why a key of the log cannot be used here; empty where it can.</returns>
    internal string ProblemOf(string key) => _view.Keys.GetValueOrDefault(key)?.Problem ?? "";

    internal string BelongsTo(string key) => $"{clusterId}/{key}";

    public void OnApplied(ulong appliedIndex, IReadOnlyList<AppliedEvent> events, ClusterState state)
    {
        for (var i = 0; i < events.Count; i++)
        {
            if (events[i].Event is not KeyEvent) continue;
            Follow(state.Keys);
            return;
        }
    }

    public void OnRestored(ulong appliedIndex, ClusterState state) => Follow(state.Keys);

    private void Follow(KeyRing? ring)
    {
        ring ??= KeyRing.Empty;
        var before = _view.Keys;
        _view = new(ring.Keys.ToFrozenDictionary(static key => key.Name,
            key => before.GetValueOrDefault(key.Name) is { } entry && entry.Record == key ? entry : Opened(key), StringComparer.Ordinal),
            ring.Revocations.ToLookup(View.Key));
        var changed = _changed;
        _changed = New();
        changed.SetResult();
    }

    private Entry Opened(ApiKeyRecord record)
    {
        var (secret, problem) = seals.Open(record.Secret, BelongsTo(record.Name));
        var former = record.Former.IsNone ? null : seals.Open(record.Former, BelongsTo(record.Name)).Secret;
        ApiKey? KeyOf(string? one) => one is null ? null : new ApiKey(record.Name, one);
        return new(record, KeyOf(secret), KeyOf(former), problem);
    }

    private static TaskCompletionSource New() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
