using System.Collections.Concurrent;
using Grpc.Net.Client;

namespace VideoScale.Rpc;

/// <summary>One channel per address, made when first asked for; a channel carries any number of calls.</summary>
public sealed class ChannelPool(TlsMaterial? tls = null) : IDisposable
{
    private readonly ConcurrentDictionary<string, Lazy<GrpcChannel>> _channels = new(StringComparer.Ordinal);
    private volatile bool _disposed;

    public GrpcChannel Get(string address)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        return _channels.GetOrAdd(address, static (a, t) => new Lazy<GrpcChannel>(() => RpcChannel.Create(a, t)), tls).Value;
    }

    public void Dispose()
    {
        _disposed = true;
        foreach (var address in _channels.Keys)
            if (_channels.TryRemove(address, out var channel) && channel.IsValueCreated) channel.Value.Dispose();
    }
}
