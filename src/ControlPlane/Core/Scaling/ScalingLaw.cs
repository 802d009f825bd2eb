using System.Collections.Immutable;
using VideoScale.ControlPlane.Placement;
using VideoScale.ControlPlane.Pools;
using VideoScale.Model;

namespace VideoScale.ControlPlane.Scaling;

/// <summary>
/// How many nodes a pool should have, and which come and go. Pure but for what it notes in the memory it is given. See docs/scaling.md.
/// </summary>
public static class ScalingLaw
{
    /// <summary>Packets that wait so long say that a node is at its end, whatever its figures.</summary>
    public const uint QueueLimitMicros = 10_000;
    /// <summary>Of this share of the nodes the load may be unknown and nodes still leave.</summary>
    private const uint UnknownPermille = 100;
    private const uint FirstStep = 4;
    /// <summary>Worth a word, in thousandths of a node.</summary>
    private const uint Rising = 50;

    public static ScalingPlan Decide(ScalingInput input, ScalingMemory memory)
    {
        var policy = input.Pool.Policy;
        var ours = input.Nodes.Where(node => node.IsOurs).ToArray();
        // Those on their way in count: else every round would launch again. Those that leave do not.
        var standing = (uint)ours.Count(node => node.Standing is PoolNodeStanding.Open or PoolNodeStanding.Booting);
        var elsewhere = (uint)input.Nodes.Count(node => !node.IsOurs && node.Standing == PoolNodeStanding.Open);
        var (need, dimension) = Need(input);
        memory.Note(input.NowMs, need);
        var forecast = memory.Forecast(need, input.LeadMs);
        var target = policy.TargetPermille;
        var wanted = (int)((forecast + target - 1) / target) - (int)elsewhere + (int)policy.SpareNodes;
        var why = new List<string> { dimension };
        if (input.WaitingRooms > 0) why.Add($"{input.WaitingRooms} rooms wait for a node");
        if (forecast >= need + Rising) why.Add("rising");
        if (Array.Find(ours, node => node.Standing == PoolNodeStanding.Open && node.QueueMicros >= QueueLimitMicros) is { } slow)
        {
            wanted = Math.Max(wanted, (int)standing + 1);
            why.Add($"packets wait {slow.QueueMicros / 1000} ms on {slow.Key}");
        }
        if (policy.SpareNodes > 0) why.Add($"{policy.SpareNodes} spare");
        if (elsewhere > 0) why.Add($"{elsewhere} nodes of no pool count");
        var desired = (uint)Math.Clamp(wanted, (int)policy.Min, (int)policy.Max);
        if (wanted > policy.Max) why.Add($"{wanted} would be wanted, {policy.Max} are the most");
        memory.Wanted(input.NowMs, desired, (long)policy.HoldMs);
        var reason = new ScalingReason(need, forecast, desired, standing,
            TextLimits.Cut(string.Join(", ", why), ScalingReason.MaxWhyLength));
        var terminate = Terminations(input, ours);
        if (desired > standing) return Out(input, ours, desired - standing, reason, terminate);
        return In(input, ours, standing, reason, terminate, memory);
    }

    /// <summary>In thousandths of a node: the sum of shares in use, in the dimension in which it is largest.</summary>
    private static (uint MilliNodes, string Dimension) Need(ScalingInput input)
    {
        ulong cpu = 0, publishers = 0, subscribers = 0, bitrate = 0;
        Capacity? size = null;
        foreach (var node in input.Nodes)
        {
            if (node.Use is not { } use || node.Standing == PoolNodeStanding.Gone) continue;
            size ??= node.Capacity;
            cpu += use.CpuPermille;
            publishers += Permille(use.Reserved.Publishers, node.Capacity.Publishers);
            subscribers += Permille(use.Reserved.Subscribers, node.Capacity.Subscribers);
            bitrate += Permille(use.Reserved.BitrateKbps, node.Capacity.BitrateKbps);
        }
        if (input.WaitingRooms > 0 && size is { } like)
        {
            publishers += Permille(input.Waiting.Publishers, like.Publishers);
            subscribers += Permille(input.Waiting.Subscribers, like.Subscribers);
            bitrate += Permille(input.Waiting.BitrateKbps, like.BitrateKbps);
        }
        var most = Math.Max(Math.Max(cpu, bitrate), Math.Max(publishers, subscribers));
        // How large a node is nobody knows yet: one, and the next round sees.
        if (input.WaitingRooms > 0 && size is null) most = 1;
        var dimension = most == 0 ? "nothing in use" : most == bitrate ? "bitrate" : most == cpu ? "CPU"
            : most == subscribers ? "subscribers" : most == publishers ? "publishers" : "rooms";
        return ((uint)Math.Min(most, PoolPolicy.MostInstances * 1000UL), dimension);
    }

    private static ulong Permille(ulong part, ulong whole) => (part * 1000 + whole - 1) / whole;

    private static ImmutableArray<(NodeId, TerminationReason)> Terminations(ScalingInput input, PoolNode[] ours)
    {
        var terminate = ImmutableArray.CreateBuilder<(NodeId, TerminationReason)>();
        foreach (var node in ours)
        {
            switch (node.Standing)
            {
                case PoolNodeStanding.Booting when node.WaitedMs >= (long)input.Pool.Policy.BootLimitMs:
                    terminate.Add((node.Key, TerminationReason.NeverRegistered)); break;
                case PoolNodeStanding.Gone when node.Rooms == 0: terminate.Add((node.Key, TerminationReason.NodeGone)); break;
                // On the log's word that it holds nothing, and on its own.
                case PoolNodeStanding.Drained when node.Rooms == 0 && node.SaysEmpty:
                    terminate.Add((node.Key, TerminationReason.Drained)); break;
            }
        }
        return terminate.ToImmutable();
    }

    /// <summary>A pool grows by half at a time, or by four when that is more.</summary>
    public static uint MostAtOnce(uint standing) => Math.Max(FirstStep, standing / 2);

    private static ScalingPlan Out(ScalingInput input, PoolNode[] ours, uint missing, ScalingReason reason,
        ImmutableArray<(NodeId Key, TerminationReason Reason)> terminate)
    {
        // A node that is still there costs nothing to keep; the emptiest has most room.
        NodeId[] keep = [.. ours.Where(node => node is { IsReleased: true, Standing: PoolNodeStanding.Leaving or PoolNodeStanding.Drained })
            .OrderBy(node => node.Participants).ThenBy(node => node.Key.Value, StringComparer.Ordinal).Select(node => node.Key)
            .Take((int)missing)];
        var launch = Math.Min(missing - (uint)keep.Length, MostAtOnce(reason.Standing));
        // All that the provider still runs, those that go among them, stay within the most.
        var there = (uint)ours.Count(node => node.Standing != PoolNodeStanding.Terminating);
        launch = there >= input.Pool.Policy.Max ? 0 : Math.Min(launch, input.Pool.Policy.Max - there);
        var held = launch == 0 ? ""
            : input.Pool.Suspended.Length > 0 ? $"launches are suspended: {input.Pool.Suspended}"
            : input.LogNowMs < input.Pool.RetryAtMs
                ? $"the next launch is tried in {(input.Pool.RetryAtMs - input.LogNowMs + 999) / 1000} s"
            : "";
        return new(reason, held.Length > 0 ? 0 : launch, [.. keep], [], [.. terminate.Where(each => !keep.Contains(each.Key))], held);
    }

    private static ScalingPlan In(ScalingInput input, PoolNode[] ours, uint standing, ScalingReason reason,
        ImmutableArray<(NodeId Key, TerminationReason Reason)> terminate, ScalingMemory memory)
    {
        var policy = input.Pool.Policy;
        var unknown = (uint)ours.Count(node => node.Standing == PoolNodeStanding.Open && !node.HasFreshLoad);
        // What is not known may be much: it is watched for anew once it is known again.
        if (unknown * 1000 > standing * UnknownPermille)
        {
            memory.Forget();
            return new(reason, 0, [], [], terminate,
                reason.Desired < standing ? $"the load of {unknown} nodes is not known: none leaves" : "");
        }
        var keep = Math.Max(memory.MostWanted, policy.Min);
        if (keep >= standing)
            return new(reason, 0, [], [], terminate,
                reason.Desired < standing ? $"{keep} were wanted within the last {policy.HoldMs / 1000} s" : "");
        if (!memory.HasWatched(input.NowMs, (long)policy.HoldMs))
            return new(reason, 0, [], [], terminate, $"watched for less than {policy.HoldMs / 1000} s: none leaves");
        var surplus = standing - keep;
        var leaving = (uint)ours.Count(node => node.Standing == PoolNodeStanding.Leaving);
        var atOnce = Math.Max(1, (uint)ours.Length / 10);
        var may = Math.Min(surplus, atOnce > leaving ? atOnce - leaving : 0);
        if (may == 0) return new(reason, 0, [], [], terminate, $"{leaving} nodes are leaving, which is the most at once");
        // Never ready costs nobody anything, then empty, then whoever disturbs the fewest.
        var victims = ours.Where(node => node.Standing is PoolNodeStanding.Booting or PoolNodeStanding.Open)
            .OrderBy(node => node.Standing == PoolNodeStanding.Booting ? 0 : 1).ThenBy(node => node.Participants)
            .ThenBy(node => node.Rooms).ThenByDescending(node => node.Key.Value, StringComparer.Ordinal).Take((int)may).ToArray();
        return new(reason, 0, [], [.. victims.Where(node => node.Standing == PoolNodeStanding.Open).Select(node => node.Key)],
            [.. terminate, .. victims.Where(node => node.Standing == PoolNodeStanding.Booting
                && !terminate.Any(each => each.Key == node.Key)).Select(node => (node.Key, TerminationReason.NotNeeded))], "");
    }
}
