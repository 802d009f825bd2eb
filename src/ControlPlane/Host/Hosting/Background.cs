namespace VideoScale.ControlPlane.Host.Hosting;

/// <summary>The replica's loops: started together, stopped together. One that breaks (our own bug) stops the replica.</summary>
internal sealed class Background(FatalStop fatal) : IAsyncDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private readonly List<Task> _running = [];

    internal void Run(Func<CancellationToken, Task> loop) => _running.Add(Task.Run(async () =>
    {
        try { await loop(_stop.Token); }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested) { }
        catch (Exception e) when (!_stop.IsCancellationRequested) { fatal.Stop(e); }
    }));

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await Task.WhenAll(_running);
        _stop.Dispose();
    }
}
