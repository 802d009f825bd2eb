namespace VideoScale.Consensus.DotNext.Cluster;

/// <summary>Reads that come while a majority is being asked share the next question: one that began before them would not do.</summary>
internal sealed class SharedRounds(Func<Task<long?>> ask)
{
    private readonly Lock _gate = new();
    private Task<long?> _running = Task.FromResult<long?>(null);
    private Task<long?>? _next;

    internal Task<long?> JoinAsync()
    {
        lock (_gate) return _next ??= RunAsync(_running);
    }

    private async Task<long?> RunAsync(Task before)
    {
        await Task.Yield();
        await before.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        lock (_gate)
        {
            _running = _next!;
            _next = null;
        }
        return await ask();
    }
}
