using VideoScale.ControlPlane.Host.Features;

namespace VideoScale.ControlPlane.Host.Hosting;

/// <summary>Whether a replica may be sent calls, in a line for whoever asks.</summary>
internal static class Readiness
{
    internal static (bool Ready, string Why) Of(ReplicaCore core)
    {
        if (core.Log.Status.StandsAside is { } aside) return (false, aside);
        if (core.IsReady) return (true, core.Tls?.Expiry.Warning(DateTimeOffset.UtcNow) is { } warning ? $"ready\n{warning}" : "ready");
        if (core.Gate.IsQuarantined) return (false, "quarantined: its state differs from the majority's");
        if (!core.Gate.IsOpen) return (false, "stopping");
        var status = core.Log.Status;
        if (status.Conflict is { } conflict) return (false, $"quarantined: {conflict}; see this replica's log");
        if (status.Quarantined)
            return (false, "quarantined: its disk lost log entries, or its directory was set back; it fetches them again from the leader");
        if (status.WaitsFor.Count > 0)
            return (false,
                $"waits for the founding members {string.Join(", ", status.WaitsFor)}: a cluster begins once all of them have been heard");
        if (!status.Membership.IsMember(core.Cluster.Self)) return (false, "not a member yet");
        return (false, core.Leadership.Now.Leader.IsNone ? "no leader is known" : "catching up");
    }
}
