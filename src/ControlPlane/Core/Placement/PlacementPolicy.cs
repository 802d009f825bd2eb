using System.Collections.Immutable;
using VideoScale.ControlPlane.Nodes;
using VideoScale.ControlPlane.Rooms;
using VideoScale.Model;

namespace VideoScale.ControlPlane.Placement;

/// <param name="Need">See <see cref="RoomCost.ForPeak"/>.</param>
/// <param name="Region">Empty for any.</param>
/// <param name="Avoid">A node the room is being moved away from; none otherwise.</param>
/// <param name="Target">Only this node will do; none for any.</param>
public readonly record struct PlacementRequest(Reservation Need, string Region, PlacementReason Reason, NodeId Avoid, NodeId Target)
{
    /// <summary>For a room in state that waits for a node.</summary>
    public static PlacementRequest For(RoomState room) => new(
        RoomCost.ForPeak(room.Record.Settings, room.Participants, room.Publishers), room.Record.Settings.Region, room.Record.Why,
        room.Record.Why is PlacementReason.MoveRequested or PlacementReason.Drain ? room.Record.LastNode : new(""), room.Record.Target);

    /// <summary>For a room that is being created.</summary>
    public static PlacementRequest For(RoomSettings settings) =>
        new(RoomCost.ForPeak(settings), settings.Region, PlacementReason.Created, new(""), new(""));
}

/// <param name="AdmitPermille">New rooms fill a node up to this share of its hard caps; the rest is for growth beyond the forecast.</param>
/// <param name="CpuPermille">No new rooms above this measured CPU.</param>
/// <param name="LoadFreshMs">Measured load older than this is not used.</param>
public sealed record PlacementSettings(uint AdmitPermille, uint CpuPermille, long LoadFreshMs)
{
    public static readonly PlacementSettings Default = new(850, 850, 10_000);
}

/// <summary>
/// Picks a node for a room: drop what may not host it, then take the one with most room left after measured load, reserved growth and this
/// room.
/// </summary>
/// <remarks>
/// Pure: the same view, request and time always give the same decision. Worst fit on the tightest dimension; a tie goes to the node with
/// fewer rooms, then to the ordinally smaller name. Source: see docs/placement.md.
/// </remarks>
public static class PlacementPolicy
{
    public const uint Version = 1;

    /// <param name="nowMs">Leader's monotonic clock, for the age of measured load.</param>
    public static PlacementDecision Decide(FleetView fleet, in PlacementRequest request, PlacementSettings settings, long nowMs)
    {
        var decision = DecideOnce(fleet, request, settings, nowMs);
        if (decision.Found || (request.Avoid.IsNone && request.Target.IsNone)) return decision;
        // Better anywhere, and better back where it was, than nowhere: its owner has given it up already.
        var anywhere = DecideOnce(fleet, request with { Avoid = new(""), Target = new("") }, settings, nowMs);
        return anywhere.Found ? anywhere : decision;
    }

    /// <summary>As <see cref="Decide"/>, without the way back to where the room is moved away from.</summary>
    public static PlacementDecision DecideOnce(FleetView fleet, in PlacementRequest request, PlacementSettings settings, long nowMs)
    {
        var candidates = new List<(PlacementCandidate Candidate, NodeView Node)>();
        var rejections = ImmutableArray.CreateBuilder<PlacementRejection>();
        var counts = new SortedDictionary<RejectionReason, uint>();
        foreach (var node in fleet.Nodes)
        {
            var use = UseOf(node, settings, nowMs);
            if (Reject(node, use, request, settings) is { } rejection)
            {
                if (rejections.Count < PlacementDecision.MaxRejections) rejections.Add(rejection);
                counts[rejection.Reason] = counts.GetValueOrDefault(rejection.Reason) + 1;
            }
            else candidates.Add((new(node.Node, ScorePermille(node, use, request.Need)), node));
        }
        candidates.Sort(static (a, b) =>
            a.Candidate.ScorePermille != b.Candidate.ScorePermille ? b.Candidate.ScorePermille.CompareTo(a.Candidate.ScorePermille)
            : RoomsOf(a.Node) != RoomsOf(b.Node) ? RoomsOf(a.Node).CompareTo(RoomsOf(b.Node))
            : a.Node.Node.CompareTo(b.Node.Node));
        var best = candidates.Count > 0 ? candidates[0].Node : null;
        return new(best?.Node ?? new(""), best?.Incarnation ?? 0, request.Need, request.Reason, fleet.ViewIndex, Version,
            [.. candidates.Take(PlacementDecision.MaxCandidates).Select(c => c.Candidate)], rejections.ToImmutable(),
            [.. counts.Select(pair => new RejectionCount(pair.Key, pair.Value))]);
    }

    /// <summary>
    /// Share of a node's hard caps that is free in the tightest dimension, CPU among them, in permille: its score, less what a room takes.
    /// </summary>
    /// <param name="nowMs">Leader's monotonic clock, for the age of measured load.</param>
    public static int HeadroomPermille(NodeView node, PlacementSettings settings, long nowMs) =>
        ScorePermille(node, UseOf(node, settings, nowMs), Reservation.Nothing);

    private static uint RoomsOf(NodeView node) => node.Rooms + node.PendingRooms;

    /// <summary>
    /// What counts as used: what rooms are charged, or what was measured plus the growth still reserved, whichever is more; and pending
    /// decisions.
    /// </summary>
    private static (Reservation Reserved, uint CpuPermille) UseOf(NodeView node, PlacementSettings settings, long nowMs)
    {
        var used = node.Charged;
        var cpu = 0u;
        if (node.Load is { } load && nowMs - load.MeasuredAtMs <= settings.LoadFreshMs)
        {
            var growth = node.Charged - node.Actual;
            used = Reservation.Max(used, growth + new Reservation(load.Publishers, load.Subscribers, load.BitrateKbps));
            cpu = load.CpuPermille;
        }
        return (used + node.Pending, cpu);
    }

    private static PlacementRejection? Reject(NodeView node, (Reservation Reserved, uint CpuPermille) use, in PlacementRequest request,
        PlacementSettings settings)
    {
        PlacementRejection Because(RejectionReason reason, ulong limit = 0, ulong inUse = 0, ulong need = 0) =>
            new(node.Node, reason, limit, inUse, need);
        if (!request.Target.IsNone && request.Target != node.Node) return Because(RejectionReason.NotTarget);
        if (node.Health == NodeHealth.Left) return Because(RejectionReason.Leaving);
        if (node.Health != NodeHealth.Healthy)
            return Because(node.Health == NodeHealth.Lost ? RejectionReason.Lost : RejectionReason.Suspected);
        if (node.Load is { Leaving: true }) return Because(RejectionReason.Leaving); // however old: it is never taken back
        switch (node.Scheduling)
        {
            case NodeScheduling.Cordoned: return Because(RejectionReason.Cordoned);
            case NodeScheduling.Draining: return Because(RejectionReason.Draining);
            case NodeScheduling.Drained: return Because(RejectionReason.Drained);
        }
        if (request.Region.Length > 0 && request.Region != node.Region) return Because(RejectionReason.OtherRegion);
        if (!request.Avoid.IsNone && request.Avoid == node.Node) return Because(RejectionReason.MovedFrom);
        if (use.CpuPermille > settings.CpuPermille) return Because(RejectionReason.Cpu, settings.CpuPermille, use.CpuPermille);
        var (reserved, need, soft) = (use.Reserved, request.Need, SoftLimit(node.Capacity, settings));
        if (reserved.Publishers + (ulong)need.Publishers > soft.Publishers)
            return Because(RejectionReason.Publishers, soft.Publishers, reserved.Publishers, need.Publishers);
        if (reserved.Subscribers + (ulong)need.Subscribers > soft.Subscribers)
            return Because(RejectionReason.Subscribers, soft.Subscribers, reserved.Subscribers, need.Subscribers);
        if (reserved.BitrateKbps + need.BitrateKbps > soft.BitrateKbps)
            return Because(RejectionReason.Bitrate, soft.BitrateKbps, reserved.BitrateKbps, need.BitrateKbps);
        return null;
    }

    private static Capacity SoftLimit(Capacity capacity, PlacementSettings settings) => new(
        (uint)((ulong)capacity.Publishers * settings.AdmitPermille / 1000),
            (uint)((ulong)capacity.Subscribers * settings.AdmitPermille / 1000),
        capacity.BitrateKbps * settings.AdmitPermille / 1000);

    /// <summary>Share of the hard caps left in the tightest dimension once the room is there, in permille.</summary>
    private static int ScorePermille(NodeView node, (Reservation Reserved, uint CpuPermille) use, Reservation need)
    {
        var with = use.Reserved + need;
        var most = Math.Max(use.CpuPermille, Math.Max(
            Permille(with.BitrateKbps, node.Capacity.BitrateKbps),
            Math.Max(Permille(with.Publishers, node.Capacity.Publishers), Permille(with.Subscribers, node.Capacity.Subscribers))));
        return 1000 - (int)Math.Min(most, 1000);
    }

    private static ulong Permille(ulong part, ulong whole) => (part * 1000 + whole - 1) / whole;
}
