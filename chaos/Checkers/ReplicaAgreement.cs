using Grpc.Core;
using Grpc.Net.Client;
using VideoScale.V1;

namespace VideoScale.Chaos.Checkers;

/// <summary>Waits until all replicas stand at one index, then compares what each says of its state there.</summary>
public static class ReplicaAgreement
{
    public static async Task<IReadOnlyList<string>> CheckAsync(IReadOnlyList<GrpcChannel> replicas, TimeSpan within,
        CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(within);
        var last = "no replica answered";
        while (!limit.IsCancellationRequested)
        {
            try
            {
                var states = await Task.WhenAll(replicas.Select(r => new ClusterService.ClusterServiceClient(r)
                    .GetStatusAsync(new GetStatusRequest(), deadline: DateTime.UtcNow.AddSeconds(5)).ResponseAsync));
                last = string.Join("; ", states.Select(s => $"member {s.MemberId:x}: hashed at {s.HashedAtIndex}, events {s.EventSeq}"));
                if (states.All(s => s.HashedAtIndex == states[0].HashedAtIndex)) return Compare(states);
                await Task.Delay(100, limit.Token);
            }
            catch (RpcException e) { last = e.Status.ToString(); await Task.Delay(200, cancellationToken); }
            catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested) { break; }
        }
        return [$"replicas did not come to one index within {within.TotalSeconds:0} s: {last}"];
    }

    private static List<string> Compare(GetStatusReply[] states)
    {
        var violations = new List<string>();
        var first = states[0];
        foreach (var other in states.Skip(1))
        {
            if (other.EventSeq != first.EventSeq) violations.Add($"event counts differ: {first.EventSeq} and {other.EventSeq}");
            if (!other.ChainHead.Equals(first.ChainHead)) violations.Add($"chain heads differ at event {first.EventSeq}");
            if (!other.StateHash.Equals(first.StateHash)) violations.Add($"state hashes differ at index {first.HashedAtIndex}");
        }
        violations.AddRange(states.Where(s => s.Quarantined).Select(s => $"member {s.MemberId:x} is quarantined"));
        return violations;
    }
}
