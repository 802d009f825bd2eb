using VideoScale.Consensus;
using VideoScale.ControlPlane.Host.Clocks;
using VideoScale.ControlPlane.Host.Leader;
using VideoScale.ControlPlane.Host.Replication;
using VideoScale.ControlPlane.Leases;
using VideoScale.ControlPlane.State;
using VideoScale.V1;

namespace VideoScale.ControlPlane.Host.Leases;

/// <summary>
/// Acknowledges heartbeats: only after a quorum round begun after they arrived, once its index is applied here and the node is not lost
/// there. One round serves all heartbeats that wait.
/// </summary>
public sealed class LeaseGrants(IReplicatedLog log, ControlPlaneStateMachine machine, LeaderTerms terms, AgentHub hub, LeaseClock clock)
{
    private readonly WakeSignal _arrived = new();

    /// <summary>A heartbeat arrived.</summary>
    internal void Heard(AgentSession session, Heartbeat heartbeat)
    {
        session.Heard(heartbeat.Sequence, clock.NowMs, heartbeat.Leaving);
        _arrived.Set();
    }

    /// <summary>Serves heartbeats until cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        while (!cancellationToken.IsCancellationRequested)
        {
            await _arrived.WaitAsync(Timeout.InfiniteTimeSpan, TimeProvider.System, cancellationToken);
            await RunOnceAsync(cancellationToken);
        }
    }

    /// <summary>Acknowledges the heartbeats that wait now. Without a quorum none is.</summary>
    public async Task RunOnceAsync(CancellationToken cancellationToken)
    {
        var waiting = new List<Waiting>();
        foreach (var session in hub.Sessions)
            if (session.TakeHeartbeat() is { } beat) waiting.Add(new(session, beat.Sequence, beat.ReceivedAtMs));
        if (waiting.Count == 0) return;
        var fence = await log.ReadFenceAsync(ReadMode.Linearizable, cancellationToken); // begun after all of them arrived
        if (fence.Ok) log.Post(new Grant(this, waiting));
    }

    private sealed record Waiting(AgentSession Session, ulong Sequence, long ReceivedAtMs);

    private sealed class Grant(LeaseGrants grants, List<Waiting> waiting) : IApplyWork
    {
        public void Run(ulong appliedIndex) => grants.GrantAll(waiting, appliedIndex);
    }

    private void GrantAll(List<Waiting> waiting, ulong appliedIndex)
    {
        if (terms.Current is not { } term) return;
        var revoked = RevokedByNode(machine.State);
        foreach (var beat in waiting)
        {
            var session = beat.Session;
            if (!hub.IsCurrent(session)) continue;
            term.Leases.HeartbeatReceived(session.Node, session.Incarnation, beat.ReceivedAtMs);
            var holder = machine.State.FindNode(session.Node) is { } node ? LeaseHolder.Of(node) : (LeaseHolder?)null;
            if (!term.Leases.MayAcknowledge(session.Node, session.Incarnation, holder)) continue;
            term.Leases.Acknowledged(session.Node, session.Incarnation, beat.ReceivedAtMs, appliedIndex);
            session.Tell(new AgentDirective { HeartbeatAck = Ack(term, session, beat, appliedIndex, revoked) });
        }
    }

    private static HeartbeatAck Ack(LeaderTerm term, AgentSession session, Waiting beat, ulong appliedIndex,
        Dictionary<string, List<HeldRoom>>? revoked)
    {
        var ack = new HeartbeatAck
        {
            Sequence = beat.Sequence,
            AppliedIndex = appliedIndex,
            LeaseTtlMs = term.Leases.Rules.Settings.TtlMs,
            ReportsDone = session.ReportsDone,
        };
        if (session.Leftovers.Count > 0)
        {
            ack.GiveUp.AddRange(session.Leftovers);
            session.Leftovers.Clear(); // acknowledgements of one stream arrive in order: whoever counts a later one has read this one
        }
        if (revoked is not null && revoked.TryGetValue(session.Node.Value, out var rooms))
            ack.GiveUp.AddRange(rooms);
        return ack;
    }

    private static Dictionary<string, List<HeldRoom>>? RevokedByNode(ClusterState state)
    {
        if (state.Revoked.Count == 0) return null;
        var byNode = new Dictionary<string, List<HeldRoom>>(StringComparer.Ordinal);
        foreach (var room in state.Revoked.InOrder())
        {
            var owner = room.Record.Owner!;
            if (!byNode.TryGetValue(owner.Node.Value, out var rooms)) byNode[owner.Node.Value] = rooms = [];
            rooms.Add(new HeldRoom { RoomId = room.Name, Epoch = owner.Epoch.Value });
        }
        return byNode;
    }
}
