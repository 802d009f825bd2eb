using System.Collections.Concurrent;
using System.Net;

namespace VideoScale.Rpc;

/// <summary>Counts a server's accepted connections and refuses those beyond its share of the process's budget.</summary>
public sealed class ConnectionLimits
{
    private readonly ConcurrentDictionary<int, Endpoint> _endpoints = new();
    private readonly ConnectionBudget _budget;
    private int _open;
    private long _refused;

    /// <param name="configured">Most connections of this server, however many descriptors there are.</param>
    public ConnectionLimits(int configured, ConnectionBudget budget)
    {
        _budget = budget;
        Configured = configured;
        Most = Math.Min(configured, budget.Most);
    }

    public int Configured { get; }

    /// <summary>Of all endpoints together.</summary>
    public int Most { get; }

    /// <summary>Of one endpoint: a flood of one port leaves room for the others, on which agents, replicas and probes come.</summary>
    public int MostOfOne => Math.Max(1, Most - Most / 4);

    public ConnectionBudget Budget => _budget;
    public int Open => Volatile.Read(ref _open);
    public long Refused => Interlocked.Read(ref _refused);

    /// <returns>Null when there is no room; dispose of it when the connection has ended.</returns>
    internal IDisposable? TryEnter(IPEndPoint listening)
    {
        var endpoint = _endpoints.GetOrAdd(listening.Port, static _ => new Endpoint());
        if (Interlocked.Increment(ref endpoint.Open) <= MostOfOne)
        {
            if (Interlocked.Increment(ref _open) <= Most)
            {
                if (_budget.TryTake()) return new Place(this, endpoint);
            }
            Interlocked.Decrement(ref _open);
        }
        Interlocked.Decrement(ref endpoint.Open);
        Interlocked.Increment(ref _refused);
        return null;
    }

    private sealed class Endpoint
    {
        internal int Open;
    }

    private sealed class Place(ConnectionLimits limits, Endpoint endpoint) : IDisposable
    {
        private int _left;

        public void Dispose()
        {
            if (Interlocked.Exchange(ref _left, 1) != 0) return;
            limits._budget.Return();
            Interlocked.Decrement(ref limits._open);
            Interlocked.Decrement(ref endpoint.Open);
        }
    }
}
