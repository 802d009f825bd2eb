using System.Diagnostics;
using VideoScale.ControlPlane.Commands;
using VideoScale.ControlPlane.Drain;
using VideoScale.ControlPlane.Events;
using VideoScale.ControlPlane.Nodes;
using VideoScale.ControlPlane.Outcomes;
using VideoScale.ControlPlane.Pools;
using VideoScale.ControlPlane.State;
using VideoScale.Model;

namespace VideoScale.ControlPlane.Decisions;

/// <summary>
/// Pools and their instances. What must hold whatever a scaler thinks: bounds, an intent before each call, nobody terminated with rooms.
/// </summary>
public static class PoolDecider
{
    public static Decision Decide(ClusterState state, PoolCommand command, in EntryContext entry)
    {
        if (NameRule.Check("pool", command.Pool) is { } wrong) return wrong;
        if (command is PoolCommand.SetPolicy set) return SetPolicy(state, set, entry);
        if (state.FindPool(command.Pool) is not { } pool) return Failure.NotFound($"pool {command.Pool}");
        return command switch
        {
            PoolCommand.Resume => pool.Suspended.Length == 0 && pool.RetryAtMs == 0 ? Decision.Nothing()
                : One(new PoolEvent.Resumed(pool.Pool), entry),
            PoolCommand.Remove => pool.Instances.Length > 0
                ? Failure.Precondition($"pool {pool.Pool} has {pool.Instances.Length} instances: set max and min so that they leave first")
                : One(new PoolEvent.Removed(pool.Pool), entry),
            PoolCommand.RequestLaunch c => RequestLaunch(state, pool, c, entry),
            PoolCommand.RecordLaunched c => RecordLaunched(pool, c, entry),
            PoolCommand.RecordLaunchFailed c => RecordLaunchFailed(state, pool, c, entry),
            PoolCommand.ReleaseNode c => ReleaseNode(state, pool, c, entry),
            PoolCommand.KeepNode c => KeepNode(state, pool, c, entry),
            PoolCommand.RequestTermination c => RequestTermination(state, pool, c, entry),
            PoolCommand.RecordTerminated c => RecordTerminated(state, pool, c, entry),
            _ => throw new UnreachableException(command.ToString()),
        };
    }

    private static Decision SetPolicy(ClusterState state, PoolCommand.SetPolicy set, in EntryContext entry)
    {
        if (set.Policy.Check() is { } wrong) return wrong;
        if (set.Pool.Length > PoolRules.MaxNameLength)
            return Failure.InvalidArgument($"pool: {set.Pool.Length} characters break the rule: at most {PoolRules.MaxNameLength}");
        var known = state.FindPool(set.Pool);
        if (known is null && state.Pools.Count >= PoolRules.MostPools)
            return Failure.Exhausted($"{PoolRules.MostPools} pools are there, which is the most");
        return known?.Policy == set.Policy ? Decision.Nothing() : One(new PoolEvent.PolicySet(set.Pool, set.Policy), entry);
    }

    private static Decision RequestLaunch(ClusterState state, PoolRecord pool, PoolCommand.RequestLaunch launch, in EntryContext entry)
    {
        if (Rules.MaxLength("why", launch.Reason.Why, ScalingReason.MaxWhyLength) is { } wrong) return wrong;
        if (NotScaled(pool) is { } off) return off;
        if (pool.Suspended.Length > 0) return Failure.Precondition($"pool {pool.Pool} is suspended: {pool.Suspended}");
        if (entry.Time.UnixMs < pool.RetryAtMs)
            return Failure.Precondition($"pool {pool.Pool} launches nothing for {pool.RetryAtMs - entry.Time.UnixMs} ms more");
        if (pool.Standing >= pool.Policy.Max)
            return Failure.Exhausted($"pool {pool.Pool} has {pool.Standing} instances of at most {pool.Policy.Max}");
        if (pool.NumberOf(launch.Key) is not { } number || number <= pool.Launched || number == ulong.MaxValue)
            return Failure.Precondition(
                $"the next instance of pool {pool.Pool} is {pool.KeyOf(pool.Launched + 1)} or a later one, not {launch.Key}");
        if (state.FindNode(launch.Key) is not null) return Failure.AlreadyExists($"node {launch.Key}");
        return One(new PoolEvent.LaunchRequested(pool.Pool, launch.Key, launch.Reason), entry);
    }

    private static Decision RecordLaunched(PoolRecord pool, PoolCommand.RecordLaunched launched, in EntryContext entry)
    {
        if (pool.Find(launched.Key) is not { } instance) return Failure.NotFound($"instance {launched.Key}");
        if (Rules.MaxLength("provider_id", launched.ProviderId, PoolCommand.MaxTextLength) is { } wrong) return wrong;
        return instance.ProviderId == launched.ProviderId ? Decision.Nothing()
            : One(new PoolEvent.Launched(pool.Pool, launched.Key, launched.ProviderId), entry);
    }

    private static Decision RecordLaunchFailed(ClusterState state, PoolRecord pool, PoolCommand.RecordLaunchFailed failed,
        in EntryContext entry)
    {
        if (pool.Find(failed.Key) is not { } instance) return Failure.NotFound($"instance {failed.Key}");
        if (instance.Status != InstanceStatus.Requested)
            return Failure.Precondition($"instance {failed.Key} is {instance.Status}: it was launched");
        if (state.FindNode(failed.Key) is not null)
            return Failure.Precondition($"node {failed.Key} has registered: it was launched, whatever was answered");
        if (Rules.MaxLength("error", failed.Error, PoolCommand.MaxTextLength) is { } wrong) return wrong;
        if (Rules.InRange("retry_after_ms", failed.RetryAfterMs, 0, PoolPolicy.LongestHoldMs) is { } tooLong) return tooLong;
        var failures = pool.Failures + 1;
        var events = new DecidedEvents(entry);
        var cause = events.Add(new PoolEvent.LaunchFailed(pool.Pool, failed.Key, failed.Error, failures,
            entry.Time.UnixMs + (long)failed.RetryAfterMs));
        Suspend(events, pool, failed.IsHopeless || failures >= PoolRecord.MostFailures, failures, failed.Error, cause);
        return Decision.Of(events);
    }

    private static Decision ReleaseNode(ClusterState state, PoolRecord pool, PoolCommand.ReleaseNode release, in EntryContext entry)
    {
        if (Rules.MaxLength("why", release.Reason.Why, ScalingReason.MaxWhyLength) is { } wrong) return wrong;
        if (Missing(state, pool, release.Key, out var node) is { } missing) return missing;
        if (NotScaled(pool) is { } off) return off;
        if (node!.Record.Scheduling is NodeScheduling.Draining or NodeScheduling.Drained) return Decision.Nothing();
        var staying = pool.Instances.Count(instance => Stays(state, instance));
        if (staying <= pool.Policy.Min)
            return Failure.Precondition($"pool {pool.Pool} keeps {staying} nodes of at least {pool.Policy.Min}: none may leave");
        var events = new DecidedEvents(entry);
        var cause = events.Add(new PoolEvent.NodeReleased(pool.Pool, release.Key, release.Reason));
        events.Add(new DrainEvent.Started(release.Key, entry.Time.UnixMs + (long)pool.Policy.DrainWithinMs, (uint)node.Rooms.Count), cause);
        return Decision.Of(events, new() { Node = release.Key, Rooms = (uint)node.Rooms.Count });
    }

    private static Decision KeepNode(ClusterState state, PoolRecord pool, PoolCommand.KeepNode keep, in EntryContext entry)
    {
        if (Rules.MaxLength("why", keep.Reason.Why, ScalingReason.MaxWhyLength) is { } wrong) return wrong;
        if (Missing(state, pool, keep.Key, out var node) is { } missing) return missing;
        if (pool.Find(keep.Key)!.Status == InstanceStatus.Terminating)
            return Failure.Precondition($"instance {keep.Key} is being terminated: another one has to be launched");
        if (node!.Record.Scheduling is not (NodeScheduling.Draining or NodeScheduling.Drained)) return Decision.Nothing();
        if (!pool.Find(keep.Key)!.IsReleased) return Failure.Precondition($"the drain of node {keep.Key} is an operator's: it stays");
        var events = new DecidedEvents(entry);
        var cause = events.Add(new PoolEvent.NodeKept(pool.Pool, keep.Key, keep.Reason));
        events.Add(node.Record.Scheduling == NodeScheduling.Draining ? new DrainEvent.Cancelled(keep.Key)
            : new NodeEvent.Uncordoned(keep.Key), cause);
        return Decision.Of(events, new() { Node = keep.Key });
    }

    private static Decision RequestTermination(ClusterState state, PoolRecord pool, PoolCommand.RequestTermination terminate,
        in EntryContext entry)
    {
        if (pool.Find(terminate.Key) is not { } instance) return Failure.NotFound($"instance {terminate.Key}");
        if (instance.Status == InstanceStatus.Terminating) return Decision.Nothing();
        if (WhyNotTerminate(state, pool, instance, terminate.Reason, entry) is { } refused) return refused;
        var events = new DecidedEvents(entry);
        var cause = events.Add(new PoolEvent.TerminationRequested(pool.Pool, terminate.Key, terminate.Reason));
        if (terminate.Reason == TerminationReason.NeverRegistered)
        {
            var failures = pool.Failures + 1;
            Suspend(events, pool, failures >= PoolRecord.MostFailures, failures,
                $"instance {terminate.Key} did not register within {pool.Policy.BootLimitMs / 1000} s", cause);
        }
        return Decision.Of(events);
    }

    private static Failure? WhyNotTerminate(ClusterState state, PoolRecord pool, InstanceRecord instance, TerminationReason reason,
        in EntryContext entry)
    {
        var node = state.FindNode(instance.Key);
        if (node is { Rooms.Count: > 0 })
            return Failure.Precondition($"node {instance.Key} holds {node.Rooms.Count} rooms: it is not terminated");
        var waited = entry.Time.UnixMs - instance.RequestedAtMs;
        return reason switch
        {
            TerminationReason.Drained => node?.Record.Scheduling == NodeScheduling.Drained ? null
                : Failure.Precondition($"node {instance.Key} is not drained"),
            TerminationReason.NodeGone => node is { Record.IsGone: true } ? null
                : Failure.Precondition($"node {instance.Key} is {(node is null ? "not known" : node.Record.Health.ToString())}, not gone"),
            TerminationReason.NeverRegistered when node is not null => Failure.Precondition($"node {instance.Key} has registered"),
            TerminationReason.NeverRegistered => waited >= (long)pool.Policy.BootLimitMs ? null
                : Failure.Precondition($"instance {instance.Key} has {(long)pool.Policy.BootLimitMs - waited} ms left to register"),
            TerminationReason.NotNeeded => node is null ? null : Failure.Precondition($"node {instance.Key} has registered: drain it"),
            _ => Failure.InvalidArgument($"reason: {(byte)reason} breaks the rule: 1 to 4"),
        };
    }

    /// <summary>What was asked for is gone; or what nobody asked for, and then its node must be gone too.</summary>
    private static Decision RecordTerminated(ClusterState state, PoolRecord pool, PoolCommand.RecordTerminated gone, in EntryContext entry)
    {
        if (pool.Find(gone.Key) is not { } instance) return Decision.Nothing();
        var node = state.FindNode(gone.Key);
        if (node is { Rooms.Count: > 0 })
            return Failure.Precondition($"node {gone.Key} holds {node.Rooms.Count} rooms: its lease has to end first");
        if (instance.Status != InstanceStatus.Terminating && node is { Record.IsGone: false })
            return Failure.Precondition($"node {gone.Key} is {node.Record.Health}: whatever its provider says, it runs");
        var events = new DecidedEvents(entry);
        var cause = events.Add(new PoolEvent.Terminated(pool.Pool, gone.Key, instance.ProviderId));
        if (node is not null) events.Add(new NodeEvent.Deregistered(gone.Key, node.Record.Incarnation), cause);
        return Decision.Of(events);
    }

    /// <summary>Counts towards the least a pool keeps: on its way in, or taking rooms.</summary>
    private static bool Stays(ClusterState state, InstanceRecord instance) =>
        instance.Status != InstanceStatus.Terminating
        && state.FindNode(instance.Key)
            is not { Record: { IsGone: true } or { Scheduling: NodeScheduling.Draining or NodeScheduling.Drained } };

    private static Failure? NotScaled(PoolRecord pool) => pool.Policy.Mode == AutomationMode.On ? null
        : Failure.Precondition($"pool {pool.Pool} is not scaled: its mode is {pool.Policy.Mode}");

    private static Failure? Missing(ClusterState state, PoolRecord pool, NodeId key, out NodeState? node)
    {
        node = null;
        if (pool.Find(key) is null) return Failure.NotFound($"instance {key} of pool {pool.Pool}");
        node = state.FindNode(key);
        return node is null ? Failure.NotFound($"node {key}") : null;
    }

    private static void Suspend(DecidedEvents events, PoolRecord pool, bool isDue, uint failures, string error, EventRef cause)
    {
        if (!isDue || pool.Suspended.Length > 0) return;
        var reason = failures > 1 ? $"{failures} launches failed in a row, the last: {error}" : error;
        events.Add(new PoolEvent.Suspended(pool.Pool, TextLimits.Cut(reason, PoolCommand.MaxTextLength)), cause);
    }

    private static Decision One(PoolEvent happened, in EntryContext entry)
    {
        var events = new DecidedEvents(entry);
        events.Add(happened);
        return Decision.Of(events);
    }
}
