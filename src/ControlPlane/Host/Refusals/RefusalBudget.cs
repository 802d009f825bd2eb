namespace VideoScale.ControlPlane.Host.Refusals;

/// <param name="Burst">So many at once.</param>
/// <param name="EveryMs">After them one in this time.</param>
public readonly record struct RefusalRate(int Burst, long EveryMs);

/// <summary>
/// Which refusals are recorded, so that nobody can fill the log by being refused: a token bucket for each caller, and one for all together.
/// What is kept back is counted, and the count goes with the next record. Without a clock: times come in. One caller at a time.
/// </summary>
public sealed class RefusalBudget(RefusalRate ofOne, RefusalRate ofAll, int maxCallers)
{
    /// <summary>About 4 MB of events a day from one caller that is refused without end, 40 MB from any number of them.</summary>
    public static RefusalBudget Default => new(new(20, 10_000), new(200, 1_000), 1_000);

    private readonly Dictionary<string, Account> _accounts = new(StringComparer.Ordinal);
    private readonly Bucket _all = new(ofAll);

    /// <summary>Callers that are told apart now.</summary>
    public int Count => _accounts.Count;

    /// <summary>A caller was refused.</summary>
    /// <returns>What to record now, null when it is only counted.</returns>
    public Refusal? Take(Refusal refusal, long nowMs)
    {
        var account = AccountOf(refusal.Actor.Subject, nowMs);
        account.Last = refusal;
        account.KeptBack += 1 + refusal.Others;
        return Release(account, nowMs);
    }

    /// <summary>Of callers that went away before their counts could be recorded: the last of their refusals.</summary>
    public IReadOnlyList<Refusal> Due(long nowMs) =>
        [.. _accounts.Values.Where(account => account.KeptBack > 0).Select(account => Release(account, nowMs)).OfType<Refusal>()];

    /// <summary>Could not be recorded after all: it is counted.</summary>
    public void PutBack(Refusal refusal, long nowMs)
    {
        var account = AccountOf(refusal.Actor.Subject, nowMs);
        account.Last ??= refusal;
        account.KeptBack += 1 + refusal.Others;
    }

    /// <returns>How many were counted and never recorded.</returns>
    public ulong Clear()
    {
        var lost = _accounts.Values.Aggregate(0UL, (sum, account) => sum + account.KeptBack);
        _accounts.Clear();
        return lost;
    }

    private Refusal? Release(Account account, long nowMs)
    {
        if (!account.Bucket.Has(nowMs) || !_all.Has(nowMs)) return null;
        account.Bucket.Take();
        _all.Take();
        var released = account.Last! with { Others = account.KeptBack - 1 };
        (account.Last, account.KeptBack) = (null, 0);
        return released;
    }

    private Account AccountOf(string caller, long nowMs)
    {
        if (_accounts.TryGetValue(caller, out var known)) return known;
        if (_accounts.Count >= maxCallers)
        {
            // Whose bucket is full again, and who waits for nothing, is as good as new.
            var idle = _accounts.Where(pair => pair.Value.KeptBack == 0 && pair.Value.Bucket.IsFull(nowMs)).Select(pair => pair.Key);
            foreach (var name in idle.ToArray()) _accounts.Remove(name);
            if (_accounts.Count >= maxCallers) caller = ""; // the rest share one
            if (_accounts.TryGetValue(caller, out known)) return known;
        }
        return _accounts[caller] = new(new(ofOne));
    }

    private sealed class Account(Bucket bucket)
    {
        public Bucket Bucket { get; } = bucket;
        public uint KeptBack { get; set; }
        public Refusal? Last { get; set; }
    }

    /// <summary>Counts in milliseconds: one costs <see cref="RefusalRate.EveryMs"/>, and as much comes in as time passes.</summary>
    private sealed class Bucket(RefusalRate rate)
    {
        private readonly long _fullMs = rate.Burst * rate.EveryMs;
        private long _creditMs = rate.Burst * rate.EveryMs;
        private long _atMs = long.MinValue;

        internal bool Has(long nowMs)
        {
            if (_atMs != long.MinValue) _creditMs = Math.Min(_fullMs, _creditMs + Math.Max(0, nowMs - _atMs));
            _atMs = Math.Max(_atMs, nowMs);
            return _creditMs >= rate.EveryMs;
        }

        internal bool IsFull(long nowMs)
        {
            Has(nowMs);
            return _creditMs == _fullMs;
        }

        internal void Take() => _creditMs -= rate.EveryMs;
    }
}
