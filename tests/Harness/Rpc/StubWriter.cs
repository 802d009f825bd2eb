using Grpc.Core;

namespace VideoScale.Harness.Rpc;

/// <summary>Keeps what a service answers.</summary>
public sealed class StubWriter<T> : IServerStreamWriter<T>
{
    private readonly List<T> _written = [];

    public IReadOnlyList<T> Written => _written;

    public WriteOptions? WriteOptions { get; set; }

    public Task WriteAsync(T message)
    {
        _written.Add(message);
        return Task.CompletedTask;
    }
}
