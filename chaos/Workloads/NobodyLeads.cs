using Grpc.Core;

namespace VideoScale.Chaos.Workloads;

/// <summary>The honest answer of a replica that knows no leader for longer than calls wait for one.</summary>
public static class NobodyLeads
{
    public static bool IsSaidBy(StatusCode status, string detail) =>
        status == StatusCode.Unavailable && detail.Contains("no leader is known", StringComparison.Ordinal);
}
