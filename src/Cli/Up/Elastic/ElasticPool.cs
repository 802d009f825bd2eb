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

    /// <summary>
    /// Sets the range, and waits until so many nodes have registered as must be there. A cluster that does not answer yet is asked again.
    /// </summary>
    internal static async Task BeginAsync(IReadOnlyList<string> replicas, ElasticRange range, CancellationToken cancellationToken)
    {
        using var endpoints = new MultiEndpointInvoker(replicas, null, Patience);
        var fleet = new FleetService.FleetServiceClient(endpoints);
        var known = (await PatientlyAsync(call => fleet.ListPoolsAsync(new ListPoolsRequest { Consistency = Consistency.Linearizable },
            call),
            cancellationToken)).Pools.FirstOrDefault(pool => pool.Pool_ == Name);
        var policy = known?.Policy ?? new PoolPolicy
        {
            Mode = ScalingMode.On,
            HoldSeconds = HoldSeconds,
            BootLimitSeconds = BootLimitSeconds,
            DrainWithinSeconds = DrainWithinSeconds,
        };
        (policy.Min, policy.Max) = ((uint)range.Min, (uint)range.Max);
        var request = new SetPolicyRequest { RequestId = Guid.CreateVersion7().ToString("N"), Pool = Name, Policy = policy };
        await PatientlyAsync(call => fleet.SetPolicyAsync(request, call), cancellationToken);
        while (true)
        {
            var pools = await PatientlyAsync(
                call => fleet.ListPoolsAsync(new ListPoolsRequest { Consistency = Consistency.Stale }, call), cancellationToken);
            var pool = pools.Pools.FirstOrDefault(each => each.Pool_ == Name);
            if (pool is { Policy.Mode: not ScalingMode.On } || pool?.Suspended.Length > 0
                || pool?.Instances.Count(each => each.Registered && !each.Leaving) >= range.Min) return;
            await Task.Delay(Period, cancellationToken);
        }
    }

    /// <summary>On a machine that is busy starting everything, a first leader may not stay.</summary>
    private static async Task<TReply> PatientlyAsync<TReply>(Func<CallOptions, AsyncUnaryCall<TReply>> call,
        CancellationToken cancellationToken)
    {
        while (true)
        {
            try { return await call(new CallOptions(deadline: DateTime.UtcNow + Patience, cancellationToken: cancellationToken)); }
            catch (RpcException e) when (e.StatusCode is StatusCode.Unavailable or StatusCode.DeadlineExceeded
                && !cancellationToken.IsCancellationRequested)
            {
                await Task.Delay(Period, cancellationToken);
            }
            catch (RpcException) when (cancellationToken.IsCancellationRequested)
            {
                throw new OperationCanceledException(cancellationToken);
            }
        }
    }
}
