using Google.Protobuf;
using LiveKit.Proto;

namespace VideoScale.Gateway.Signalling;

/// <summary>
/// What a client said, in order, until the node has handled it. Nodes and streams to them come and go meanwhile; what the client said
/// before it closed is delivered all the same.
/// </summary>
internal sealed class RequestQueue
{
    /// <summary>A client that says more than this while nobody handles it waits.</summary>
    private const int MostKept = 256, MostKeptBytes = 4 << 20;

    private readonly Lock _gate = new();
    private readonly Queue<KeptRequest> _kept = new();
    private TaskCompletionSource _changed = NewSignal();
    private ulong _last;
    private long _keptBytes;
    private bool _isComplete;

    /// <param name="Number">From 1.</param>
    private sealed record KeptRequest(ulong Number, SignalRequest.MessageOneofCase Kind, ByteString Octets)
    {
        /// <summary>A description belongs to one node's connection: at another its client makes a new one.</summary>
        internal bool IsOfConnection =>
            Kind is SignalRequest.MessageOneofCase.Offer or SignalRequest.MessageOneofCase.Answer or SignalRequest.MessageOneofCase.Trickle;
    }

    /// <summary>All that was said has been handled.</summary>
    internal bool IsEmpty { get { lock (_gate) return _kept.Count == 0; } }

    internal async Task AddAsync(SignalRequest.MessageOneofCase kind, ByteString octets, CancellationToken cancellationToken)
    {
        while (true)
        {
            Task changed;
            lock (_gate)
            {
                if (_kept.Count < MostKept && (_keptBytes + octets.Length <= MostKeptBytes || _kept.Count == 0))
                {
                    Keep(kind, octets);
                    return;
                }
                changed = _changed.Task;
            }
            await changed.WaitAsync(cancellationToken);
        }
    }

    /// <summary>As its last words, whatever waits already.</summary>
    internal void AddLast(SignalRequest.MessageOneofCase kind, ByteString octets)
    {
        lock (_gate) Keep(kind, octets);
    }

    /// <summary>The client says no more.</summary>
    internal void Complete()
    {
        lock (_gate)
        {
            _isComplete = true;
            Wake();
        }
    }

    /// <summary>The node has handled the requests up to this number.</summary>
    internal void Handled(ulong number)
    {
        lock (_gate)
        {
            while (_kept.TryPeek(out var first) && first.Number <= number) _keptBytes -= _kept.Dequeue().Octets.Length;
            Wake();
        }
    }

    /// <summary>Sends what is kept and what comes, until the client says no more; then ends its side of the stream.</summary>
    /// <param name="toNewOwner">The session was carried there: what was said of its former connection is passed over.</param>
    internal async Task DeliverAsync(NodeLine line, bool toNewOwner, CancellationToken cancellationToken)
    {
        var sent = 0UL;
        while (true)
        {
            var (next, isComplete, changed) = After(sent);
            if (next is null && isComplete) break;
            if (next is null)
            {
                await changed.WaitAsync(cancellationToken);
                continue;
            }
            sent = next.Number;
            if (!toNewOwner || !next.IsOfConnection) await line.SendAsync(next.Number, next.Octets, cancellationToken);
            if (!line.Acknowledges) Handled(sent);
        }
        await line.CompleteAsync(cancellationToken);
    }

    private (KeptRequest? Next, bool IsComplete, Task Changed) After(ulong number)
    {
        lock (_gate) return (_kept.FirstOrDefault(request => request.Number > number), _isComplete, _changed.Task);
    }

    private void Keep(SignalRequest.MessageOneofCase kind, ByteString octets)
    {
        _kept.Enqueue(new KeptRequest(++_last, kind, octets));
        _keptBytes += octets.Length;
        Wake();
    }

    private void Wake()
    {
        var changed = _changed;
        _changed = NewSignal();
        changed.SetResult();
    }

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
