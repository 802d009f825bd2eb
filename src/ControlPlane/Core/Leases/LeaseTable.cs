using System.Collections.Immutable;
using VideoScale.ControlPlane.Nodes;
using VideoScale.ControlPlane.Rooms;
using VideoScale.ControlPlane.State;
using VideoScale.Model;

namespace VideoScale.ControlPlane.Leases;

/// <summary>What replicated state says of a node: what the table compares silence with.</summary>
public readonly record struct LeaseHolder(NodeId Node, ulong Incarnation, NodeHealth Health, bool HoldsRooms = true)
{
    public static LeaseHolder Of(NodeState node) => new(node.Record.Id, node.Record.Incarnation, node.Record.Health, node.Rooms.Count > 0);

    public bool IsGone => Health is NodeHealth.Lost or NodeHealth.Left;
}

/// <summary>What the leader should propose about one node.</summary>
public readonly record struct LeaseVerdict(LeaseVerdictKind Kind, NodeId Node, ulong Incarnation);

public enum LeaseVerdictKind : byte { Suspect = 1, Recover = 2, DeclareLost = 3, DeclareSuperseded = 4, Leave = 5 }

/// <summary>One look at all leases.</summary>
/// <param name="Silent">Nodes with rooms and without a heartbeat for longer than forgiven.</param>
/// <param name="Known">Those, and all that are heard. Who holds nothing and is silent is no witness: it may have been taken away.</param>
/// <param name="Alarm">More than half are silent together: none is evicted, the fault is likelier here.</param>
/// <param name="AlarmOver">They still are, after the time that an operator gave: those whose leases have ended are evicted now.</param>
public sealed record LeaseRound(ImmutableArray<LeaseVerdict> Verdicts, int Silent, int Known, bool Alarm, bool AlarmOver);

/// <summary>
/// The leader's memory of leases, without clock or network: times come in, verdicts go out. A new one for each term led.
/// Times are milliseconds on the leader's monotonic clock. See docs/ownership.md for the rules and why they keep authority from
/// overlapping.
/// </summary>
public sealed class LeaseTable
{
    private readonly Dictionary<(string Node, ulong Incarnation), Lease> _leases = [];
    private readonly Dictionary<(string Room, ulong Epoch), Barrier> _barriers = [];
    private readonly long _electedAtMs;
    private long? _alarmSinceMs;

    public LeaseTable(LeaseRules rules, long electedAtMs) => (Rules, _electedAtMs) = (rules, electedAtMs);

    /// <summary>Follows the replicated settings: set it when a change is applied.</summary>
    public LeaseRules Rules { get; set; }

    /// <summary>Every member reads that a node left; else whoever leaves is lost when its lease ends.</summary>
    public bool MayLeave { get; set; } = true;

    /// <summary>How long most nodes' silence keeps them from being declared lost.</summary>
    public long SilenceHoldMs { get; init; } = DefaultSilenceHoldMs;
    public const long DefaultSilenceHoldMs = 300_000;

    /// <summary>A process attached to this leader.</summary>
    public void StreamBegan(NodeId node, ulong incarnation)
    {
        var lease = LeaseOf(node, incarnation);
        (lease.Attached, lease.Ended) = (true, false);
    }

    /// <summary>Its connection is over.</summary>
    /// <param name="leaving">It had said that it stops.</param>
    public void StreamEnded(NodeId node, ulong incarnation, bool leaving)
    {
        var lease = LeaseOf(node, incarnation);
        (lease.Attached, lease.Ended) = (false, true);
        lease.Leaving |= leaving;
    }

    /// <summary>
    /// Whether the process that has a name is alive as far as can be told: it is attached and heard, or had no time yet to come to this
    /// leader. Whoever lost its connection is not: a process that starts anew must not wait.
    /// </summary>
    public bool IsAlive(NodeId node, ulong incarnation, long nowMs)
    {
        var lease = LeaseOf(node, incarnation);
        var since = Math.Max(_electedAtMs, lease.HeardAtMs);
        return !lease.Superseded
            && nowMs - since <= (lease.Attached ? Rules.Settings.SuspectAfterMs : lease.Ended ? -1 : Rules.Settings.HeartbeatMs);
    }

    /// <summary>A heartbeat arrived; it is not acknowledged yet.</summary>
    public void HeartbeatReceived(NodeId node, ulong incarnation, long nowMs)
    {
        var lease = LeaseOf(node, incarnation);
        lease.HeardAtMs = Math.Max(lease.HeardAtMs, nowMs);
    }

    /// <summary>
    /// A registration was applied: the node has just spoken and is silent only from here on. Without this a node that joined long after the
    /// election would count as silent and expired before its first heartbeat. Granting nothing, it may only delay an expiry.
    /// </summary>
    public void Registered(NodeId node, ulong incarnation, long nowMs)
    {
        HeartbeatReceived(node, incarnation, nowMs);
        var lease = LeaseOf(node, incarnation);
        lease.ExpiresAtMs = Math.Max(lease.ExpiresAtMs, Rules.ExpiresAtMs(nowMs));
    }

    /// <summary>
    /// May this incarnation get an acknowledgement? Not while its loss is proposed and undecided; not when state says it is lost or someone
    /// else.
    /// </summary>
    public bool MayAcknowledge(NodeId node, ulong incarnation, LeaseHolder? inState) =>
        inState is { } holder && holder.Incarnation == incarnation && !holder.IsGone
        && !(_leases.TryGetValue((node.Value, incarnation), out var lease) && lease.LossInFlight);

    /// <summary>
    /// An acknowledgement is sent: call after a quorum round begun after the heartbeat arrived, once its index is applied, and only when
    /// <see cref="MayAcknowledge"/>.
    /// </summary>
    /// <param name="receivedAtMs">When the acknowledged heartbeat arrived.</param>
    /// <param name="appliedIndex">Index applied when the lease is granted: what was revoked up to it, the node gives up before it
    /// renews.</param>
    public void Acknowledged(NodeId node, ulong incarnation, long receivedAtMs, ulong appliedIndex)
    {
        var lease = LeaseOf(node, incarnation);
        Invariant.Require(!lease.LossInFlight, "no acknowledgement while a loss is in flight");
        lease.ExpiresAtMs = Math.Max(lease.ExpiresAtMs, Rules.ExpiresAtMs(receivedAtMs));
        // An acknowledgement that does not know of a revoke extends what the old owner may believe.
        foreach (var barrier in lease.Barriers)
            if (appliedIndex < barrier.RevokeIndex) barrier.UntilMs = Math.Max(barrier.UntilMs, lease.ExpiresAtMs);
    }

    /// <summary>Log time of leases: when the leader may take the node for gone.</summary>
    public long ExpiresAtMs(NodeId node, ulong incarnation)
    {
        var floor = Rules.NothingExpiresBeforeMs(_electedAtMs);
        return _leases.TryGetValue((node.Value, incarnation), out var lease) ? Math.Max(floor, lease.ExpiresAtMs) : floor;
    }

    /// <summary>
    /// A process with another incarnation asks for the name: the present one is surely gone or will be, and is evicted at the end of its
    /// lease.
    /// </summary>
    public void OtherIncarnationSeen(NodeId node, ulong present) => LeaseOf(node, present).Superseded = true;

    /// <summary>The loss of an incarnation was proposed: no acknowledgement until its outcome is known.</summary>
    public void LossProposed(NodeId node, ulong incarnation)
    {
        var lease = LeaseOf(node, incarnation);
        (lease.LossInFlight, lease.LossToRepeat) = (true, false);
    }

    /// <summary>The proposal was certainly refused or never entered the log. (Once it is applied, state itself says lost.)</summary>
    public void LossRefused(NodeId node, ulong incarnation) => LeaseOf(node, incarnation).LossInFlight = false;

    /// <summary>
    /// The proposal may or may not be in the log: still no acknowledgement, but the verdict is given again so that it is repeated.
    /// </summary>
    public void LossUnknown(NodeId node, ulong incarnation) => LeaseOf(node, incarnation).LossToRepeat = true;

    /// <summary>
    /// A revoke was applied (or found in state by a new leader): the old owner's authority in that room ends with its lease as acknowledged
    /// so far.
    /// </summary>
    public void RevokeApplied(RoomId room, Ownership owner)
    {
        if (_barriers.ContainsKey((room.Value, owner.Epoch.Value))) return;
        var lease = LeaseOf(owner.Node, owner.Incarnation);
        var barrier = new Barrier(lease, owner.Revoke.Index) { UntilMs = ExpiresAtMs(owner.Node, owner.Incarnation) };
        lease.Barriers.Add(barrier);
        _barriers.Add((room.Value, owner.Epoch.Value), barrier);
    }

    /// <summary>The ownership was released or expired: nothing is awaited any more.</summary>
    public void OwnershipEnded(RoomId room, Epoch epoch)
    {
        if (_barriers.Remove((room.Value, epoch.Value), out var barrier)) barrier.Lease.Barriers.Remove(barrier);
    }

    /// <summary>May <c>ExpireOwnership</c> be proposed for a revoked ownership?</summary>
    public bool MayExpire(RoomId room, Epoch epoch, long nowMs) =>
        _barriers.TryGetValue((room.Value, epoch.Value), out var barrier) && nowMs >= barrier.UntilMs;

    /// <summary>Forgets an incarnation that is lost or out of the records, once nothing it held is awaited.</summary>
    public void Forget(NodeId node, ulong incarnation)
    {
        if (_leases.TryGetValue((node.Value, incarnation), out var lease) && lease.Barriers.Count == 0)
            _leases.Remove((node.Value, incarnation));
    }

    /// <summary>Its process said that it stops, its connection is over, and it holds nothing.</summary>
    public bool HasLeft(LeaseHolder holder) => MayLeave && holder is { IsGone: false, HoldsRooms: false }
        && _leases.TryGetValue((holder.Node.Value, holder.Incarnation), out var lease) && lease is { Leaving: true, Ended: true };

    /// <summary>Looks at all nodes of state, in order of their names.</summary>
    public LeaseRound Judge(IEnumerable<LeaseHolder> holders, long nowMs)
    {
        var living = holders.Where(holder => !holder.IsGone).ToArray();
        // Whoever was superseded is no witness of a fault here: its name spoke.
        var silent = living.Count(holder => holder.HoldsRooms && IsSilent(holder, nowMs)
            && !LeaseOf(holder.Node, holder.Incarnation).Superseded);
        var known = living.Count(holder => holder.HoldsRooms || !IsSilent(holder, nowMs));
        var alarm = silent * 2 > known;
        _alarmSinceMs = alarm ? _alarmSinceMs ?? nowMs : null;
        var over = nowMs - _alarmSinceMs >= SilenceHoldMs;
        if (over) alarm = false;
        var verdicts = ImmutableArray.CreateBuilder<LeaseVerdict>();
        foreach (var holder in living)
        {
            var lease = LeaseOf(holder.Node, holder.Incarnation);
            if (lease.LossInFlight && !lease.LossToRepeat) continue;
            if (HasLeft(holder))
            {
                verdicts.Add(new(LeaseVerdictKind.Leave, holder.Node, holder.Incarnation));
                continue;
            }
            var expired = nowMs >= ExpiresAtMs(holder.Node, holder.Incarnation);
            if (expired && lease.Superseded) verdicts.Add(new(LeaseVerdictKind.DeclareSuperseded, holder.Node, holder.Incarnation));
            else if (!IsSilent(holder, nowMs) && !lease.LossInFlight)
            {
                if (holder.Health == NodeHealth.Suspected && lease.HeardAtMs > long.MinValue)
                    verdicts.Add(new(LeaseVerdictKind.Recover, holder.Node, holder.Incarnation));
            }
            else if (expired && (!alarm || lease.LossInFlight))
                verdicts.Add(new(LeaseVerdictKind.DeclareLost, holder.Node, holder.Incarnation));
            else if (holder.Health == NodeHealth.Healthy) verdicts.Add(new(LeaseVerdictKind.Suspect, holder.Node, holder.Incarnation));
        }
        return new(verdicts.ToImmutable(), silent, known, alarm, over);
    }

    private bool IsSilent(LeaseHolder holder, long nowMs)
    {
        // Since the election at the earliest: what was heard before went to another leader.
        var since = Math.Max(_electedAtMs, LeaseOf(holder.Node, holder.Incarnation).HeardAtMs);
        return nowMs - since > Rules.Settings.SuspectAfterMs;
    }

    private Lease LeaseOf(NodeId node, ulong incarnation)
    {
        if (_leases.TryGetValue((node.Value, incarnation), out var lease)) return lease;
        return _leases[(node.Value, incarnation)] = new Lease();
    }

    private sealed class Lease
    {
        public long HeardAtMs { get; set; } = long.MinValue;
        public long ExpiresAtMs { get; set; } = long.MinValue;
        public bool LossInFlight { get; set; }
        public bool LossToRepeat { get; set; }
        public bool Superseded { get; set; }
        public bool Attached { get; set; }
        public bool Ended { get; set; }
        public bool Leaving { get; set; }
        public List<Barrier> Barriers { get; } = [];
    }

    private sealed class Barrier(Lease lease, ulong revokeIndex)
    {
        public Lease Lease { get; } = lease;
        public ulong RevokeIndex { get; } = revokeIndex;
        public long UntilMs { get; set; }
    }
}
