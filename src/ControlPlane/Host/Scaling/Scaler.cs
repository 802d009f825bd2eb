using Microsoft.Extensions.Logging;
using VideoScale.ControlPlane.Commands;
using VideoScale.ControlPlane.Pools;
using VideoScale.ControlPlane.Scaling;
using VideoScale.Model;

namespace VideoScale.ControlPlane.Host.Scaling;

/// <summary>
/// One round for all pools: sees what the provider runs, asks the law what should be, puts that on record, and then asks the provider.
/// Whatever is cut short is on record, and whoever leads next takes it up.
/// </summary>
/// <param name="reconciler">Null: there is no provider; plans are made and told, and that is all.</param>
internal sealed partial class Scaler(Reconciler? reconciler, ILogger logger)
{
    private readonly Dictionary<string, ScalingMemory> _memories = new(StringComparer.Ordinal);

    /// <summary>What was decided last.</summary>
    internal ScalingPlans Plans { get; } = new();

    /// <summary>What another term saw is not known here.</summary>
    internal void Forget() => _memories.Clear();

    /// <param name="look">The pools now; null when this replica leads no more, which ends the round.</param>
    /// <param name="submit">Puts a command on record; returns why it was refused.</param>
    internal async Task RunAsync(Func<ValueTask<IReadOnlyList<ScalingInput>?>> look, Func<DomainCommand, ValueTask<Failure?>> submit,
        CancellationToken cancellationToken)
    {
        if (await look() is not { } pools) return;
        if (reconciler is not null)
        {
            var changed = false;
            foreach (var pool in pools) changed |= await SubmitAsync(await reconciler.SeeAsync(pool, cancellationToken), submit);
            if (changed && (pools = await look()) is null) return;
        }
        foreach (var input in pools!)
            if (Decide(input) is { } plan) await SubmitAsync(CommandsOf(input, plan), submit);
        if (reconciler is null || await look() is not { } decided) return;
        // What is on record now is asked for: never before.
        foreach (var pool in decided) await SubmitAsync(await reconciler.AskAsync(pool, cancellationToken), submit);
    }

    /// <returns>What is to be done; null for nothing.</returns>
    private ScalingPlan? Decide(ScalingInput input)
    {
        var pool = input.Pool;
        if (!_memories.TryGetValue(pool.Pool, out var memory)) _memories[pool.Pool] = memory = new();
        if (pool.Policy.Mode == AutomationMode.Off)
        {
            memory.Forget();
            Plans.Forget(pool.Pool);
            return null;
        }
        var plan = ScalingLaw.Decide(input, memory);
        Plans.Note(pool.Pool, plan, input.NowMs);
        if (pool.Policy.Mode != AutomationMode.On || reconciler is null || plan.IsNothing) return null;
        LogPlan(pool.Pool, plan.Words, plan.Reason.Words);
        return plan;
    }

    /// <summary>In the order in which they must come: what stays is kept before anything is bought.</summary>
    private static List<DomainCommand> CommandsOf(ScalingInput input, ScalingPlan plan)
    {
        var pool = input.Pool;
        var commands = new List<DomainCommand>();
        foreach (var key in plan.Keep) commands.Add(new PoolCommand.KeepNode(pool.Pool, key, plan.Reason));
        foreach (var key in input.FreeKeys.Take((int)plan.Launch))
            commands.Add(new PoolCommand.RequestLaunch(pool.Pool, key, plan.Reason));
        foreach (var key in plan.Release) commands.Add(new PoolCommand.ReleaseNode(pool.Pool, key, plan.Reason));
        foreach (var (key, why) in plan.Terminate) commands.Add(new PoolCommand.RequestTermination(pool.Pool, key, why));
        return commands;
    }

    /// <summary>One after the other: a key follows the one before it.</summary>
    private async ValueTask<bool> SubmitAsync(List<DomainCommand> commands, Func<DomainCommand, ValueTask<Failure?>> submit)
    {
        foreach (var command in commands)
            if (await submit(command) is { } failure) LogRefused(command.Type, failure.Message);
        return commands.Count > 0;
    }

    [LoggerMessage(3801, LogLevel.Information, "pool {Pool}: {Plan} ({Reason})")]
    private partial void LogPlan(string pool, string plan, string reason);

    [LoggerMessage(3802, LogLevel.Warning, "the scaler's {Command} was refused: {Why}")]
    private partial void LogRefused(CommandType command, string why);
}
