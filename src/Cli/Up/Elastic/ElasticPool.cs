using Grpc.Core;
using VideoScale.Rpc;
using VideoScale.V1;

namespace VideoScale.Cli.Up.Elastic;

/// <summary>The pool that <c>up --elastic</c> makes: its range is the command's, the rest stays as operators set it.</summary>
internal static class ElasticPool
{
    internal const string Name = "local";
    /// <summary>People who try it do not want to wait for ten minutes.</summary>
    private const uint HoldSeconds = 60, BootLimitSeconds = 60, DrainWithinSeconds = 10;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10), Period = TimeSpan.FromMilliseconds(100);

    /// <summary>Sets the range, and waits until so many nodes have registered as must be there.</summary>
    internal static async Task BeginAsync(IReadOnlyList<string> replicas, ElasticRange range, CancellationToken cancellationToken)
    {
        using var endpoints = new MultiEndpointInvoker(replicas, null, Patience);
        var fleet = new FleetService.FleetServiceClient(endpoints);
        var known = (await fleet.ListPoolsAsync(new ListPoolsRequest { Consistency = Consistency.Linearizable }, Call(cancellationToken)))
            .Pools.FirstOrDefault(pool => pool.Pool_ == Name);
        var policy = known?.Policy ?? new PoolPolicy
        {
            Mode = ScalingMode.On,
            HoldSeconds = HoldSeconds,
            BootLimitSeconds = BootLimitSeconds,
            DrainWithinSeconds = DrainWithinSeconds,
        };
        (policy.Min, policy.Max) = ((uint)range.Min, (uint)range.Max);
        await fleet.SetPolicyAsync(new SetPolicyRequest { RequestId = Guid.CreateVersion7().ToString("N"), Pool = Name, Policy = policy },
            Call(cancellationToken));
        while (true)
        {
            var pools = await fleet.ListPoolsAsync(new ListPoolsRequest { Consistency = Consistency.Stale }, Call(cancellationToken));
            var pool = pools.Pools.FirstOrDefault(each => each.Pool_ == Name);
            if (pool is { Policy.Mode: not ScalingMode.On } || pool?.Suspended.Length > 0
                || pool?.Instances.Count(each => each.Registered && !each.Leaving) >= range.Min) return;
            await Task.Delay(Period, cancellationToken);
        }
    }

    private static CallOptions Call(CancellationToken cancellationToken) =>
        new(deadline: DateTime.UtcNow + Patience, cancellationToken: cancellationToken);
}
