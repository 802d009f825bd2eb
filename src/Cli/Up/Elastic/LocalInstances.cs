namespace VideoScale.Cli.Up.Elastic;

/// <summary>
/// Media nodes that the cluster's scaler asked for, as children of this process: one for each key, on the lowest free place. Any thread.
/// </summary>
/// <param name="specOf">What to run for a key at a place.</param>
internal sealed class LocalInstances(int most, Func<string, int, ChildSpec> specOf, Action<string> say)
{
    private readonly Lock _gate = new();
    private readonly Dictionary<string, Running> _running = new(StringComparer.Ordinal);
    private bool _stopping;

    private sealed record Running(int Place, CancellationTokenSource Stop, Task Ended);

    internal IReadOnlyList<string> Keys { get { lock (_gate) return [.. _running.Keys.Order(StringComparer.Ordinal)]; } }

    /// <summary>Starts a node, unless it runs.</summary>
    /// <returns>False: there is no place for one more.</returns>
    internal bool Start(string key)
    {
        lock (_gate)
        {
            if (_running.ContainsKey(key)) return true;
            var taken = _running.Values.Select(running => running.Place).ToHashSet();
            if (_stopping || taken.Count >= most) return false;
            var place = Enumerable.Range(0, most).First(free => !taken.Contains(free));
            var stop = new CancellationTokenSource();
            var supervisor = new Supervisor(specOf(key, place), say);
            _running[key] = new(place, stop, RunAsync(key, supervisor, stop));
        }
        say($"{key} is launched");
        return true;
    }

    /// <summary>Begins to stop a node; it counts until its process has ended.</summary>
    internal void Stop(string key)
    {
        Running? running;
        lock (_gate) _running.TryGetValue(key, out running);
        running?.Stop.Cancel();
    }

    internal async Task StopAllAsync()
    {
        Running[] all;
        lock (_gate)
        {
            _stopping = true;
            all = [.. _running.Values];
        }
        foreach (var running in all) await running.Stop.CancelAsync();
        await Task.WhenAll(all.Select(running => running.Ended)).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    private async Task RunAsync(string key, Supervisor supervisor, CancellationTokenSource stop)
    {
        await Task.Yield();
        supervisor.MarkReady(); // its end is for the scaler to see to, not the end of all
        try { await supervisor.RunAsync(stop.Token); }
        catch (Exception e) { say($"{key} cannot run: {e.Message}"); }
        finally
        {
            lock (_gate) _running.Remove(key);
            stop.Dispose();
        }
        say($"{key} has ended");
    }
}
