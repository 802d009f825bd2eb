using VideoScale.ControlPlane.Host.Providers;
using VideoScale.Model;

namespace VideoScale.ControlPlane.Tests.Scaling;

/// <summary>A provider that fails as real ones do, by a seed: before the work, after it, for a while, or by telling old news.</summary>
internal sealed class ProviderStandIn(Random chance, int faultPercent) : IInstanceProvider
{
    private readonly Dictionary<NodeId, string> _running = [];
    private readonly List<NodeId> _justLaunched = [];
    private int _ids;

    public string Name => "stand-in";

    /// <summary>Of 100 calls, so many go wrong.</summary>
    public int FaultPercent { get; set; } = faultPercent;

    /// <summary>Every launch fails with it.</summary>
    public ProviderError? LaunchError { get; set; }

    public IReadOnlyDictionary<NodeId, string> Running => _running;
    public int Launches { get; private set; }
    public int Ended { get; private set; }

    /// <summary>Asked before an instance is ended.</summary>
    public Action<NodeId> BeforeEnd { get; set; } = static _ => { };

    /// <summary>From outside: a console, a spot notice.</summary>
    public void EndFromOutside(NodeId key)
    {
        if (_running.Remove(key)) Ended++;
    }

    public void Add(NodeId key) => Start(key);

    public Task<string> LaunchAsync(LaunchOrder order, CancellationToken cancellationToken)
    {
        if (LaunchError is { } error) throw new ProviderException(error, error.ToString(), TimeSpan.FromSeconds(1));
        if (Fails()) throw new ProviderException(ProviderError.Transient, "503, nothing was done");
        if (Fails()) throw new ProviderException(ProviderError.Throttled, "429", TimeSpan.FromSeconds(chance.Next(1, 4)));
        var id = Start(order.Key);
        if (Fails()) throw new TimeoutException("the answer is lost");
        return Task.FromResult(id);
    }

    private string Start(NodeId key)
    {
        if (_running.TryGetValue(key, out var known)) return known;
        Launches++;
        _justLaunched.Add(key);
        return _running[key] = $"i-{++_ids}";
    }

    public Task TerminateAsync(string pool, NodeId key, string providerId, CancellationToken cancellationToken)
    {
        if (Fails()) throw new ProviderException(ProviderError.Transient, "503");
        if (_running.ContainsKey(key))
        {
            BeforeEnd(key);
            _running.Remove(key);
            Ended++;
        }
        if (Fails()) throw new TimeoutException("the answer is lost");
        return Task.CompletedTask;
    }

    public Task<IReadOnlyList<ProvidedInstance>> ListAsync(string pool, CancellationToken cancellationToken)
    {
        if (Fails()) throw new ProviderException(ProviderError.Unknown, "a page failed");
        // What was just launched may not be shown yet.
        var hidden = Fails() ? _justLaunched.ToHashSet() : [];
        _justLaunched.Clear();
        return Task.FromResult<IReadOnlyList<ProvidedInstance>>(
            [.. _running.Where(each => !hidden.Contains(each.Key)).Select(each => new ProvidedInstance(each.Key, each.Value))]);
    }

    private bool Fails() => chance.Next(100) < FaultPercent;
}
