using Grpc.Core;
using Microsoft.Extensions.Logging;

namespace VideoScale.ControlPlane.Host.Hosting;

/// <summary>
/// The replica's loops: started together, stopped together. One that breaks (our own bug) stops the replica. What one throws because it was
/// stopped in the middle of something, such as a call to a replica that does not answer, must not turn a clean stop into a crash.
/// </summary>
internal sealed partial class Background(FatalStop fatal, ILogger<Background> logger) : IAsyncDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private readonly List<Task> _running = [];

    internal void Run(Func<CancellationToken, Task> loop) => _running.Add(Task.Run(async () =>
    {
        try { await loop(_stop.Token); }
        catch (Exception e) when (_stop.IsCancellationRequested)
        {
            if (e is not (OperationCanceledException or RpcException { StatusCode: StatusCode.Cancelled })) LogEndedBadly(e);
        }
        catch (Exception e) { fatal.Stop(e); }
    }));

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await Task.WhenAll(_running);
        _stop.Dispose();
    }

    [LoggerMessage(3021, LogLevel.Warning, "A loop ended with an error while the replica stopped")]
    private partial void LogEndedBadly(Exception e);
}
