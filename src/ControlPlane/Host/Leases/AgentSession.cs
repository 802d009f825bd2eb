using System.Threading.Channels;
using Grpc.Core;
using VideoScale.Model;
using VideoScale.V1;

namespace VideoScale.ControlPlane.Host.Leases;

/// <summary>
/// One media node's stream to this leader. What it is told goes through one queue, so that it arrives in the order of the log.
/// </summary>
public sealed class AgentSession(NodeId node, ulong incarnation, IReadOnlyList<HeldRoom> held)
{
    // A node that reads this slowly attaches anew and gets the whole picture instead.
    private const int MaxQueuedDirectives = 200_000;
    private readonly Channel<AgentDirective> _directives =
        Channel.CreateBounded<AgentDirective>(new BoundedChannelOptions(MaxQueuedDirectives) { SingleReader = true });
    private readonly Lock _gate = new();
    private (ulong Sequence, long ReceivedAtMs)? _heartbeat;
    private long _heardAtMs = long.MinValue;
    private ulong _reportsDone;
    private volatile bool _saidLeaving;

    public NodeId Node { get; } = node;
    public ulong Incarnation { get; } = incarnation;

    /// <summary>What the node said it holds when it came. Apply thread.</summary>
    internal IReadOnlyList<HeldRoom> Held { get; private set; } = held;

    /// <summary>Rooms it came with that are not its own any more: named in the first acknowledgement. Apply thread.</summary>
    internal List<HeldRoom> Leftovers { get; } = [];

    /// <summary>Events up to here were part of the first picture. Apply thread.</summary>
    internal ulong FromIndex { get; set; }

    internal ChannelReader<AgentDirective> Directives => _directives.Reader;

    /// <summary>Term that it was let in in. Apply thread.</summary>
    internal ulong Term { get; set; }

    /// <summary>The process said that it stops.</summary>
    internal bool SaidLeaving => _saidLeaving;

    /// <summary>When the last heartbeat arrived, on the leases' clock.</summary>
    internal long HeardAtMs => Interlocked.Read(ref _heardAtMs);

    internal ulong ReportsDone
    {
        get => Volatile.Read(ref _reportsDone);
        set => Volatile.Write(ref _reportsDone, value);
    }

    /// <summary>A heartbeat arrived; a later one takes its place when it was not acknowledged yet.</summary>
    internal void Heard(ulong sequence, long nowMs, bool leaving = false)
    {
        if (leaving) _saidLeaving = true;
        Interlocked.Exchange(ref _heardAtMs, nowMs);
        lock (_gate) _heartbeat = (sequence, nowMs);
    }

    internal (ulong Sequence, long ReceivedAtMs)? TakeHeartbeat()
    {
        lock (_gate)
        {
            var taken = _heartbeat;
            _heartbeat = null;
            return taken;
        }
    }

    /// <summary>The first picture has been made of it.</summary>
    internal void ForgetHeld() => Held = [];

    internal void Tell(AgentDirective directive)
    {
        if (!_directives.Writer.TryWrite(directive))
            End(StatusCode.ResourceExhausted, $"the node fell more than {MaxQueuedDirectives} directives behind; attach anew");
    }

    /// <summary>The incarnation is over: the node drops everything and starts anew.</summary>
    internal void Expel(string reason)
    {
        _directives.Writer.TryWrite(new AgentDirective { Expelled = new Expelled { Reason = reason } });
        _directives.Writer.TryComplete();
    }

    internal void End(StatusCode status, string reason, string leader = "") =>
        _directives.Writer.TryComplete(new RpcException(new Status(status, reason),
        leader.Length > 0 ? new Metadata { { Rpc.MultiEndpointInvoker.LeaderTrailer, leader } } : []));
}
