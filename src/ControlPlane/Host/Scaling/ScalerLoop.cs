using Microsoft.Extensions.Logging;
using VideoScale.ControlPlane.Commands;
using VideoScale.ControlPlane.Host.Clocks;
using VideoScale.ControlPlane.Host.Leader;
using VideoScale.ControlPlane.Host.Providers;
using VideoScale.ControlPlane.Host.Replication;
using VideoScale.ControlPlane.Pools;
using VideoScale.ControlPlane.Rooms;
using VideoScale.ControlPlane.Scaling;
using VideoScale.ControlPlane.State;

namespace VideoScale.ControlPlane.Host.Scaling;

/// <summary>
/// Has each pool's nodes come and go: sees what its provider runs, asks the law what should be, puts that on record, and then asks the
/// provider. Whatever was cut short is on record and is taken up by whoever leads next.
/// </summary>
public sealed partial class ScalerLoop : LeaderLoop, IStateListener
{
    private readonly LoopCommands _commands;
    private readonly LeaseClock _boot;
    private readonly LogTimeSource _time;
    private readonly ScalingInputs _inputs;
    private readonly Reconciler? _reconciler;
    private readonly ILogger _logger;
    private readonly Dictionary<string, ScalingMemory> _memories = new(StringComparer.Ordinal);
    private ulong _term;

    internal ScalerLoop(LeaderTerms terms, StateQueries queries, LoopCommands commands, LeaseClock boot, LogTimeSource time,
        ScalingInputs inputs, Reconciler? reconciler, TimeProvider clock, ILogger<ScalerLoop> logger)
        : base(terms, queries, clock, logger)
    {
        (_commands, _boot, _time, _inputs, _reconciler, _logger) = (commands, boot, time, inputs, reconciler, logger);
    }

    public override string Name => "scaler";
    protected override TimeSpan Period => TimeSpan.FromSeconds(2);

    /// <summary>What was decided last, here.</summary>
    internal ScalingPlans Plans { get; } = new();

    private sealed record Round(ulong Term, List<ScalingInput> Pools);

    public override async Task RunOnceAsync(CancellationToken cancellationToken)
    {
        if (await LookAtPoolsAsync() is not { } round) return;
        if (round.Term != _term) _memories.Clear(); // what another term saw is not known here
        _term = round.Term;
        if (_reconciler is not null)
        {
            var changed = false;
            foreach (var pool in round.Pools)
            {
                var commands = await _reconciler.SeeAsync(pool, cancellationToken);
                changed |= commands.Count > 0;
                await SubmitAsync(round.Term, commands, cancellationToken);
            }
            if (changed && (round = await LookAtPoolsAsync()) is null) return;
        }
        foreach (var input in round!.Pools) await DecideAsync(round.Term, input, cancellationToken);
        if (_reconciler is null || await LookAtPoolsAsync() is not { } decided) return;
        // What is on record now is asked for: never before.
        foreach (var pool in decided.Pools)
            await SubmitAsync(decided.Term, await _reconciler.AskAsync(pool, cancellationToken), cancellationToken);
    }

    private ValueTask<Round?> LookAtPoolsAsync() => LookAsync((state, term) => state.Pools.Count == 0 ? null
        : new Round(term.Term, [.. state.Pools.Select(pool => _inputs.Of(state, pool, _boot.NowMs, _time.Now.UnixMs))]));

    private async Task DecideAsync(ulong term, ScalingInput input, CancellationToken cancellationToken)
    {
        var pool = input.Pool;
        if (!_memories.TryGetValue(pool.Pool, out var memory)) _memories[pool.Pool] = memory = new();
        if (pool.Policy.Mode == ScalingMode.Off)
        {
            memory.Forget();
            Plans.Forget(pool.Pool);
            return;
        }
        var plan = ScalingLaw.Decide(input, memory);
        Plans.Note(pool.Pool, plan, input.NowMs);
        if (pool.Policy.Mode != ScalingMode.On || _reconciler is null) return;
        if (!plan.IsNothing) LogPlan(pool.Pool, plan.Words, plan.Reason.Words);
        await SubmitAsync(term, CommandsOf(pool, plan), cancellationToken);
    }

    /// <summary>In the order in which they must come: what stays is kept before anything is bought.</summary>
    private static List<DomainCommand> CommandsOf(PoolRecord pool, ScalingPlan plan)
    {
        var commands = new List<DomainCommand>();
        foreach (var key in plan.Keep) commands.Add(new PoolCommand.KeepNode(pool.Pool, key, plan.Reason));
        for (var i = 0UL; i < plan.Launch; i++)
            commands.Add(new PoolCommand.RequestLaunch(pool.Pool, (pool with { Launched = pool.Launched + i }).NextKey, plan.Reason));
        foreach (var key in plan.Release) commands.Add(new PoolCommand.ReleaseNode(pool.Pool, key, plan.Reason));
        foreach (var (key, why) in plan.Terminate) commands.Add(new PoolCommand.RequestTermination(pool.Pool, key, why));
        return commands;
    }

    /// <summary>One after the other: a key follows the one before it.</summary>
    private async Task SubmitAsync(ulong term, IReadOnlyList<DomainCommand> commands, CancellationToken cancellationToken)
    {
        foreach (var command in commands)
        {
            var result = await _commands.SubmitAsync(term, Name, command, cancellationToken);
            if (result.Reply?.Failure is { } failure) LogRefused(command.Type, failure.Message);
        }
    }

    public void OnApplied(ulong appliedIndex, IReadOnlyList<AppliedEvent> events, ClusterState state)
    {
        if (state.Pools.Count == 0) return;
        foreach (var applied in events)
        {
            if (applied.Event is not (PoolEvent.PolicySet or PoolEvent.Resumed or RoomEvent.PlacementFailed
                or ControlPlane.Drain.DrainEvent.Completed or ControlPlane.Nodes.NodeEvent.Lost or ControlPlane.Nodes.NodeEvent.Left)) continue;
            Wake();
            return;
        }
    }

    public void OnRestored(ulong appliedIndex, ClusterState state) { }

    [LoggerMessage(3801, LogLevel.Information, "pool {Pool}: {Plan} ({Reason})")]
    private partial void LogPlan(string pool, string plan, string reason);

    [LoggerMessage(3802, LogLevel.Warning, "the scaler's {Command} was refused: {Why}")]
    private partial void LogRefused(CommandType command, string why);
}
