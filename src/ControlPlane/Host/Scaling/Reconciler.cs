using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using VideoScale.ControlPlane.Commands;
using VideoScale.ControlPlane.Host.Providers;
using VideoScale.ControlPlane.Pools;
using VideoScale.ControlPlane.Scaling;
using VideoScale.Model;

namespace VideoScale.ControlPlane.Host.Scaling;

/// <summary>
/// Between the record and a provider: what it runs is put on record, what is on record is asked of it, and what nobody has on record is
/// ended. One caller.
/// </summary>
internal sealed partial class Reconciler(IInstanceProvider provider, TimeProvider clock, ILogger<Reconciler> logger)
{
    /// <summary>What a list does not show for so long after its launch may only not be shown yet.</summary>
    private const long ListLagMs = 60_000;
    private static readonly TimeSpan ListPeriod = TimeSpan.FromSeconds(5), FirstPause = TimeSpan.FromSeconds(1),
        LongestPause = TimeSpan.FromMinutes(1), RefusedPause = TimeSpan.FromSeconds(5), NoneLeftPause = TimeSpan.FromMinutes(1);
    private readonly Dictionary<string, Seen> _seen = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, string> _errors = new(StringComparer.Ordinal);

    /// <summary>What a pool's provider runs, as it last said.</summary>
    private sealed class Seen
    {
        public Dictionary<NodeId, string>? Listed { get; set; }
        public bool IsNow { get; set; }
        public long? AskedStamp { get; set; }
        /// <summary>Missing from the list before, or there without being on record.</summary>
        public HashSet<NodeId> Missing { get; set; } = [];
        public HashSet<NodeId> Strangers { get; set; } = [];
        public Dictionary<NodeId, (long Stamp, TimeSpan Pause)> Paused { get; } = [];
    }

    internal string ProviderName => provider.Name;

    /// <summary>What the last call for a pool said, when it failed; empty otherwise. Any thread.</summary>
    internal string ErrorOf(string pool) => _errors.GetValueOrDefault(pool, "");

    /// <summary>Looks at what the provider runs. Returns what has to be put on record.</summary>
    internal async Task<List<DomainCommand>> SeeAsync(ScalingInput input, CancellationToken cancellationToken)
    {
        var pool = input.Pool;
        var seen = SeenOf(pool.Pool);
        var commands = new List<DomainCommand>();
        seen.IsNow = false;
        var isDue = seen.AskedStamp is not { } stamp || clock.GetElapsedTime(stamp) >= ListPeriod
            || pool.Instances.Any(each => each.Status != InstanceStatus.Launched);
        if (!isDue || (pool.Instances.IsEmpty && seen.AskedStamp is not null && pool.Policy.Mode == AutomationMode.Off)) return commands;
        seen.AskedStamp = clock.GetTimestamp();
        try
        {
            var listed = await provider.ListAsync(pool.Pool, cancellationToken);
            seen.Listed = listed.GroupBy(each => each.Key).ToDictionary(each => each.Key, each => each.First().Id);
            seen.IsNow = true;
            _errors.TryRemove(pool.Pool, out _);
        }
        catch (Exception e) when (!cancellationToken.IsCancellationRequested)
        {
            Failed(pool.Pool, "list", e);
            return commands;
        }
        foreach (var instance in pool.Instances) Compare(input, instance, seen, commands);
        var present = pool.Instances.Select(each => each.Key).ToHashSet();
        seen.Missing.IntersectWith(present);
        foreach (var over in seen.Paused.Keys.Where(key => !present.Contains(key)).ToArray()) seen.Paused.Remove(over);
        if (pool.Policy.Mode == AutomationMode.On) await EndStrangersAsync(pool, seen, present, cancellationToken);
        return commands;
    }

    private static void Compare(ScalingInput input, InstanceRecord instance, Seen seen, List<DomainCommand> commands)
    {
        var pool = input.Pool.Pool;
        if (seen.Listed!.TryGetValue(instance.Key, out var id))
        {
            seen.Missing.Remove(instance.Key);
            // Asked for by somebody whose answer did not get on record.
            if (instance.ProviderId != id) commands.Add(new PoolCommand.RecordLaunched(pool, instance.Key, TextLimits.Cut(id,
                PoolCommand.MaxTextLength)));
            return;
        }
        switch (instance.Status)
        {
            case InstanceStatus.Terminating: commands.Add(new PoolCommand.RecordTerminated(pool, instance.Key)); break;
            case InstanceStatus.Launched when input.LogNowMs - instance.RequestedAtMs > ListLagMs:
                // Twice, and only if nothing is heard of its node either, which the record's rules see to.
                var node = input.Nodes.First(each => each.Key == instance.Key);
                if (node.Standing is not (PoolNodeStanding.Booting or PoolNodeStanding.Gone)) break;
                if (!seen.Missing.Add(instance.Key)) commands.Add(new PoolCommand.RecordTerminated(pool, instance.Key));
                break;
        }
    }

    /// <summary>Ours by cluster and pool, and on no record: what an answer that was lost left behind. Ended when seen twice.</summary>
    private async Task EndStrangersAsync(PoolRecord pool, Seen seen, HashSet<NodeId> onRecord, CancellationToken cancellationToken)
    {
        var strangers = seen.Listed!.Keys.Where(key => !onRecord.Contains(key)).ToHashSet();
        foreach (var key in strangers.Where(seen.Strangers.Contains))
        {
            LogStranger(key.Value, pool.Pool);
            try { await provider.TerminateAsync(pool.Pool, key, seen.Listed[key], cancellationToken); }
            catch (Exception e) when (!cancellationToken.IsCancellationRequested) { Failed(pool.Pool, $"terminate {key}", e); }
        }
        seen.Strangers = strangers;
    }

    /// <summary>Asks the provider for what is on record. Returns what it answered, to be put on record.</summary>
    internal async Task<List<DomainCommand>> AskAsync(ScalingInput input, CancellationToken cancellationToken)
    {
        var pool = input.Pool;
        var seen = SeenOf(pool.Pool);
        // What was to be launched when the pool was switched off waits until it is on again; what is being ended is ended.
        var due = pool.Instances.Where(each => !IsPaused(seen, each.Key)
            && (each.Status == InstanceStatus.Terminating
                || (each.Status == InstanceStatus.Requested && pool.Policy.Mode == AutomationMode.On))).ToArray();
        var answers = await Task.WhenAll(due.Select(each => each.Status == InstanceStatus.Requested
            ? LaunchAsync(pool, each, seen, cancellationToken) : TerminateAsync(pool, each, seen, cancellationToken)));
        return [.. answers.OfType<DomainCommand>()];
    }

    private async Task<DomainCommand?> LaunchAsync(PoolRecord pool, InstanceRecord instance, Seen seen, CancellationToken cancellationToken)
    {
        try
        {
            var id = await provider.LaunchAsync(new(pool.Pool, instance.Key, pool.Policy.Region), cancellationToken);
            _errors.TryRemove(pool.Pool, out _);
            return new PoolCommand.RecordLaunched(pool.Pool, instance.Key, TextLimits.Cut(id, PoolCommand.MaxTextLength));
        }
        catch (Exception e) when (!cancellationToken.IsCancellationRequested)
        {
            Failed(pool.Pool, $"launch {instance.Key}", e);
            if (e is not ProviderException { IsCertain: true } certain)
            {
                Pause(seen, instance.Key, null); // asked again under the same key
                return null;
            }
            var first = certain.Error is ProviderError.Quota or ProviderError.NoCapacity ? NoneLeftPause : RefusedPause;
            var after = certain.RetryAfter ?? first * Math.Pow(2, Math.Min(pool.Failures, PoolRecord.MostFailures));
            return new PoolCommand.RecordLaunchFailed(pool.Pool, instance.Key, TextLimits.Cut(certain.Message, PoolCommand.MaxTextLength),
                (ulong)Math.Min(after.TotalMilliseconds, PoolPolicy.LongestHoldMs), certain.IsHopeless);
        }
    }

    private async Task<DomainCommand?> TerminateAsync(PoolRecord pool, InstanceRecord instance, Seen seen,
        CancellationToken cancellationToken)
    {
        try
        {
            await provider.TerminateAsync(pool.Pool, instance.Key, instance.ProviderId, cancellationToken);
            Pause(seen, instance.Key, FirstPause); // until a list shows it no more
        }
        catch (Exception e) when (!cancellationToken.IsCancellationRequested)
        {
            Failed(pool.Pool, $"terminate {instance.Key}", e);
            Pause(seen, instance.Key, (e as ProviderException)?.RetryAfter);
        }
        return null;
    }

    private Seen SeenOf(string pool)
    {
        if (!_seen.TryGetValue(pool, out var seen)) _seen[pool] = seen = new();
        return seen;
    }

    private bool IsPaused(Seen seen, NodeId key) =>
        seen.Paused.TryGetValue(key, out var paused) && clock.GetElapsedTime(paused.Stamp) < paused.Pause;

    /// <summary>Twice as long each time, unless the provider says how long.</summary>
    private void Pause(Seen seen, NodeId key, TimeSpan? wanted)
    {
        var pause = wanted ?? (seen.Paused.TryGetValue(key, out var before) ? before.Pause * 2 : FirstPause);
        seen.Paused[key] = (clock.GetTimestamp(), pause < LongestPause ? pause : LongestPause);
    }

    private void Failed(string pool, string what, Exception why)
    {
        var message = TextLimits.Cut($"{what}: {why.Message}", PoolCommand.MaxTextLength);
        if (!_errors.TryGetValue(pool, out var before) || before != message) LogFailed(pool, provider.Name, message);
        _errors[pool] = message;
    }

    [LoggerMessage(3811, LogLevel.Warning, "pool {Pool}: the provider {Provider} failed: {What}")]
    private partial void LogFailed(string pool, string provider, string what);

    [LoggerMessage(3812, LogLevel.Warning, "instance {Key} of pool {Pool} runs and is on no record: it is ended")]
    private partial void LogStranger(string key, string pool);
}
