using Microsoft.Extensions.Logging;
using VideoScale.ControlPlane.Drain;
using VideoScale.ControlPlane.Host.Clocks;
using VideoScale.ControlPlane.Host.Leader;
using VideoScale.ControlPlane.Host.Replication;
using VideoScale.ControlPlane.Nodes;
using VideoScale.ControlPlane.Pools;
using VideoScale.ControlPlane.Rooms;
using VideoScale.ControlPlane.Scaling;
using VideoScale.ControlPlane.State;

namespace VideoScale.ControlPlane.Host.Scaling;

/// <summary>Rounds of the <see cref="Scaler"/> while this replica leads.</summary>
public sealed class ScalerLoop : LeaderLoop, IStateListener
{
    private readonly Scaler _scaler;
    private readonly ScalingInputs _inputs;
    private readonly LoopCommands _commands;
    private readonly LeaseClock _boot;
    private readonly LogTimeSource _time;
    private ulong _term;

    internal ScalerLoop(LeaderTerms terms, StateQueries queries, LoopCommands commands, LeaseClock boot, LogTimeSource time,
        ScalingInputs inputs, Scaler scaler, TimeProvider clock, ILogger<ScalerLoop> logger)
        : base(terms, queries, clock, logger)
    {
        (_commands, _boot, _time, _inputs, _scaler) = (commands, boot, time, inputs, scaler);
    }

    public override string Name => "scaler";
    protected override TimeSpan Period => TimeSpan.FromSeconds(2);

    private sealed record Round(ulong Term, ScalingInput[] Pools);

    public override async Task RunOnceAsync(CancellationToken cancellationToken)
    {
        if (await LookAsync(Look) is not { } round) return;
        if (round.Term != _term) _scaler.Forget();
        _term = round.Term;
        await _scaler.RunAsync(
            async () => await LookAsync(Look) is { } now && now.Term == round.Term ? now.Pools : null,
            async command => (await _commands.SubmitAsync(round.Term, Name, command, cancellationToken)).Reply?.Failure, cancellationToken);
    }

    private Round? Look(ClusterState state, LeaderTerm term) => state.Pools.Count == 0 ? null
        : new(term.Term, [.. state.Pools.Select(pool => _inputs.Of(state, pool, _boot.NowMs, _time.Now.UnixMs))]);

    public void OnApplied(ulong appliedIndex, IReadOnlyList<AppliedEvent> events, ClusterState state)
    {
        if (state.Pools.Count == 0) return;
        foreach (var applied in events)
        {
            if (applied.Event is not (PoolEvent.PolicySet or PoolEvent.Resumed or RoomEvent.PlacementFailed or DrainEvent.Completed
                or NodeEvent.Lost or NodeEvent.Left)) continue;
            Wake();
            return;
        }
    }

    public void OnRestored(ulong appliedIndex, ClusterState state) { }
}
