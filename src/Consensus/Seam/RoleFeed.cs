using System.Runtime.CompilerServices;
using System.Threading.Channels;

namespace VideoScale.Consensus;

/// <summary>The role now and every change after it, for any number of listeners.</summary>
public sealed class RoleFeed(RoleChange first)
{
    private readonly Lock _gate = new();
    private readonly List<Channel<RoleChange>> _listeners = [];
    private RoleChange _now = first;
    private bool _closed;

    public void Publish(RoleChange change)
    {
        lock (_gate)
        {
            _now = change;
            foreach (var listener in _listeners) listener.Writer.TryWrite(change);
        }
    }

    public void Close()
    {
        lock (_gate)
        {
            _closed = true;
            foreach (var listener in _listeners) listener.Writer.TryComplete();
        }
    }

    public async IAsyncEnumerable<RoleChange> Listen([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var channel = Channel.CreateUnbounded<RoleChange>(); // a handful of role changes in a test's life
        lock (_gate)
        {
            channel.Writer.TryWrite(_now);
            if (_closed) channel.Writer.TryComplete();
            _listeners.Add(channel);
        }
        try
        {
            await foreach (var change in channel.Reader.ReadAllAsync(cancellationToken)) yield return change;
        }
        finally
        {
            lock (_gate) _listeners.Remove(channel);
        }
    }
}
