using VideoScale.ControlPlane.Commands;
using VideoScale.ControlPlane.Host.Api;
using VideoScale.ControlPlane.Pools;
using VideoScale.ControlPlane.State;
using VideoScale.Model;
using VideoScale.V1;
using PoolPolicy = VideoScale.ControlPlane.Pools.PoolPolicy;

namespace VideoScale.ControlPlane.Host.Scaling;

/// <summary>Pools between the log and the wire.</summary>
internal static class PoolMapping
{
    internal static PoolCommand.SetPolicy ToCommand(this SetPolicyRequest request)
    {
        FieldRules.Name("pool", request.Pool);
        var (given, or) = (request.Policy ?? new V1.PoolPolicy(), PoolPolicy.Default);
        FieldRules.OptionalName("policy.region", given.Region);
        var mode = given.Mode switch
        {
            V1.ScalingMode.Unspecified or V1.ScalingMode.On => AutomationMode.On,
            V1.ScalingMode.DryRun => AutomationMode.DryRun,
            V1.ScalingMode.Off => AutomationMode.Off,
            _ => throw FieldRules.Broken("policy.mode", $"{(int)given.Mode}", "SCALING_MODE_OFF, SCALING_MODE_DRY_RUN or SCALING_MODE_ON"),
        };
        var max = given.HasMax ? given.Max : Math.Max(or.Max, given.HasMin ? Math.Min(given.Min, PoolPolicy.MostInstances) : 0);
        return new(request.Pool, new(given.Region, mode,
            given.HasMin ? given.Min : Math.Min(or.Min, max), max,
            given.HasTargetPermille ? given.TargetPermille : or.TargetPermille,
            given.HasSpareNodes ? given.SpareNodes : or.SpareNodes,
            given.HasHoldSeconds ? given.HoldSeconds * 1000UL : or.HoldMs,
            given.HasBootLimitSeconds ? given.BootLimitSeconds * 1000UL : or.BootLimitMs,
            given.HasDrainWithinSeconds ? given.DrainWithinSeconds * 1000UL : or.DrainWithinMs,
            given.HasMilliCentsPerHour ? given.MilliCentsPerHour : or.MilliCentsPerHour));
    }

    internal static PoolCommand.Resume ToCommand(this ResumePoolRequest request)
    {
        FieldRules.Name("pool", request.Pool);
        return new(request.Pool);
    }

    internal static PoolCommand.Remove ToCommand(this RemovePoolRequest request)
    {
        FieldRules.Name("pool", request.Pool);
        return new(request.Pool);
    }

    internal static Pool ToWire(this PoolRecord pool, ClusterState state)
    {
        var policy = pool.Policy;
        var wire = new Pool
        {
            Pool_ = pool.Pool,
            Policy = new()
            {
                Region = policy.Region,
                Mode = (V1.ScalingMode)policy.Mode,
                Min = policy.Min,
                Max = policy.Max,
                TargetPermille = policy.TargetPermille,
                SpareNodes = policy.SpareNodes,
                HoldSeconds = (uint)(policy.HoldMs / 1000),
                BootLimitSeconds = (uint)(policy.BootLimitMs / 1000),
                DrainWithinSeconds = (uint)(policy.DrainWithinMs / 1000),
                MilliCentsPerHour = policy.MilliCentsPerHour,
            },
            Failures = pool.Failures,
            Suspended = pool.Suspended,
            RetryAtMs = pool.RetryAtMs,
        };
        foreach (var instance in pool.Instances)
        {
            var node = state.FindNode(instance.Key);
            wire.Instances.Add(new Instance
            {
                Key = instance.Key.Value,
                Status = (V1.InstanceStatus)instance.Status,
                ProviderId = instance.ProviderId,
                RequestedAtMs = instance.RequestedAtMs,
                Registered = node is { Record.IsGone: false },
                Leaving = instance.IsReleased,
                Rooms = (uint)(node?.Rooms.Count ?? 0),
            });
        }
        return wire;
    }
}
