using Microsoft.Extensions.Hosting;

namespace VideoScale.Rpc;

/// <summary>A host that takes no signals: they are the command's business.</summary>
public sealed class NoLifetime : IHostLifetime
{
    public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
