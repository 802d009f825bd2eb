namespace VideoScale.MediaNode.Host.Agent;

/// <summary>Which replica to try next: the one a follower named, else round the configured list.</summary>
public sealed class LeaderAddresses(IReadOnlyList<string> configured)
{
    private int _next;
    private string? _hint;

    /// <summary>Attempts since the last success; decides the wait before the next.</summary>
    public int Failures { get; private set; }

    public string Next()
    {
        if (_hint is { } hint)
        {
            _hint = null;
            return hint;
        }
        var address = configured[_next % configured.Count];
        _next = (_next + 1) % configured.Count;
        return address;
    }

    /// <summary>
    /// What a replica gets to welcome this node: in the first round less than would cost a lease (5 s), with two of three that are silent;
    /// more in later rounds, for a leader that is slow.
    /// </summary>
    public TimeSpan WelcomeWithin => TimeSpan.FromSeconds(Math.Min(3, 1 + Failures / configured.Count));

    /// <summary>The leader that served falls silent: the others know who leads now.</summary>
    public void Silent(string address)
    {
        if (_hint == address) _hint = null;
    }

    /// <summary>A follower named the leader: tried first, once.</summary>
    public void Hint(string address) => _hint = address;

    public void Failed() => Failures++;

    public void Served(string address)
    {
        Failures = 0;
        _hint = address; // after a broken connection the same leader is the likeliest
    }

    /// <summary>A hint is followed at once; otherwise exponential from 50 ms to 1 s per full round, with jitter.</summary>
    /// <remarks>A lease is 5 s and an election below one second: waiting longer than that between rounds would cost leases.</remarks>
    public TimeSpan Wait(Random random)
    {
        if (Failures == 0) return TimeSpan.Zero;
        var rounds = Math.Min(Failures / configured.Count, 5);
        var ms = Math.Min(1_000, 50 << rounds);
        return TimeSpan.FromMilliseconds(ms / 2.0 + random.NextDouble() * ms / 2.0);
    }
}
