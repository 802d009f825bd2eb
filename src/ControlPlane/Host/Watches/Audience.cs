namespace VideoScale.ControlPlane.Host.Watches;

/// <summary>
/// Watchers by what they watch, so that a change costs only those whom it concerns. Any thread; a lock is held for one look-up.
/// </summary>
internal sealed class Audience<TWatcher> where TWatcher : class
{
    private readonly Lock _gate = new();
    private readonly Dictionary<WatchTopic, HashSet<TWatcher>> _byTopic = [];
    private int _count;

    internal int Count => Volatile.Read(ref _count);

    internal void Add(WatchTopic topic, TWatcher watcher)
    {
        lock (_gate)
        {
            if (!_byTopic.TryGetValue(topic, out var watchers)) _byTopic[topic] = watchers = [];
            if (watchers.Add(watcher)) _count++;
        }
    }

    internal void Remove(WatchTopic topic, TWatcher watcher)
    {
        lock (_gate)
        {
            if (!_byTopic.TryGetValue(topic, out var watchers) || !watchers.Remove(watcher)) return;
            if (watchers.Count == 0) _byTopic.Remove(topic);
            _count--;
        }
    }

    internal bool Has(WatchTopic topic)
    {
        lock (_gate) return _byTopic.ContainsKey(topic);
    }

    /// <summary>Adds those who watch a topic; a watcher has one topic only, so nobody is added twice for different ones.</summary>
    internal void Collect(WatchTopic topic, List<TWatcher> into)
    {
        lock (_gate)
            if (_byTopic.TryGetValue(topic, out var watchers)) into.AddRange(watchers);
    }

    internal List<TWatcher> Everyone()
    {
        lock (_gate) return [.. _byTopic.Values.SelectMany(static watchers => watchers)];
    }
}
