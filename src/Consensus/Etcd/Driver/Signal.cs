using System.Threading.Channels;

namespace VideoScale.Consensus.Etcd.Driver;

/// <summary>Wakes one waiter; a wake that nobody waits for is kept, several become one. Nothing is thrown when the time is up.</summary>
internal sealed class Signal
{
    private readonly Channel<bool> _kept =
        Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
    private Task<bool>? _pending;

    internal void Set() => _kept.Writer.TryWrite(true);

    internal async Task WaitAsync(TimeSpan atMost, CancellationToken cancellationToken)
    {
        _pending ??= _kept.Reader.WaitToReadAsync(CancellationToken.None).AsTask();
        using var enough = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        await Task.WhenAny(_pending, Task.Delay(atMost, enough.Token));
        await enough.CancelAsync();
        cancellationToken.ThrowIfCancellationRequested();
        if (!_pending.IsCompleted) return;
        _pending = null;
        _kept.Reader.TryRead(out _);
    }
}
