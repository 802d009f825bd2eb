using System.Collections.Immutable;
using VideoScale.ControlPlane.Nodes;
using VideoScale.ControlPlane.Placement;
using VideoScale.Model;

namespace VideoScale.ControlPlane.Tests.Core;

/// <summary>A node as the first version of placement was given it.</summary>
internal sealed record FirstNode(NodeView View, NodeHealth Health, NodeScheduling Scheduling);

/// <summary>Version 1 as one function, as it was written first: what the policy of filters and scorers is held against.</summary>
internal static class FirstPlacement
{
    internal static PlacementDecision Decide(ulong viewIndex, IReadOnlyList<FirstNode> nodes, in PlacementRequest request,
        PlacementSettings settings, long nowMs)
    {
        var decision = DecideOnce(viewIndex, nodes, request, settings, nowMs);
        if (decision.Found || (request.Avoid.IsNone && request.Target.IsNone)) return decision;
        var anywhere = DecideOnce(viewIndex, nodes, request with { Avoid = new(""), Target = new("") }, settings, nowMs);
        return anywhere.Found ? anywhere : decision;
    }

    private static PlacementDecision DecideOnce(ulong viewIndex, IReadOnlyList<FirstNode> nodes, in PlacementRequest request,
        PlacementSettings settings, long nowMs)
    {
        var candidates = new List<(PlacementCandidate Candidate, NodeView Node)>();
        var rejections = ImmutableArray.CreateBuilder<PlacementRejection>();
        var counts = new SortedDictionary<RejectionReason, uint>();
        foreach (var first in nodes)
        {
            var node = first.View;
            var use = UseOf(node, settings, nowMs);
            if (Reject(first, use, request, settings) is { } rejection)
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
        return new(best?.Node ?? new(""), best?.Incarnation ?? 0, request.Need, request.Reason, viewIndex, 1,
            [.. candidates.Take(PlacementDecision.MaxCandidates).Select(c => c.Candidate)], rejections.ToImmutable(),
            [.. counts.Select(pair => new RejectionCount(pair.Key, pair.Value))]);
    }

    private static uint RoomsOf(NodeView node) => node.Rooms + node.PendingRooms;

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

    private static PlacementRejection? Reject(FirstNode first, (Reservation Reserved, uint CpuPermille) use, in PlacementRequest request,
        PlacementSettings settings)
    {
        var node = first.View;
        PlacementRejection Because(RejectionReason reason, ulong limit = 0, ulong inUse = 0, ulong need = 0) =>
            new(node.Node, reason, limit, inUse, need);
        if (!request.Target.IsNone && request.Target != node.Node) return Because(RejectionReason.NotTarget);
        if (first.Health == NodeHealth.Left) return Because(RejectionReason.Leaving);
        if (first.Health != NodeHealth.Healthy)
            return Because(first.Health == NodeHealth.Lost ? RejectionReason.Lost : RejectionReason.Suspected);
        if (node.Load is { Leaving: true }) return Because(RejectionReason.Leaving);
        switch (first.Scheduling)
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
        (uint)((ulong)capacity.Subscribers * settings.AdmitPermille / 1000), capacity.BitrateKbps * settings.AdmitPermille / 1000);

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
