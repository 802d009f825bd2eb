using Microsoft.Extensions.Logging;
using VideoScale.ControlPlane.Host.Clocks;
using VideoScale.ControlPlane.Host.Leader;
using VideoScale.ControlPlane.Host.Replication;
using VideoScale.ControlPlane.Leases;
using VideoScale.ControlPlane.Nodes;
using VideoScale.ControlPlane.State;
using VideoScale.Model;

namespace VideoScale.ControlPlane.Host.Leases;

/// <summary>Suspects silent nodes, declares them lost when their leases have ended, takes back those that are heard again.</summary>
public sealed partial class LeaseLoop(LeaderTerms terms, StateQueries queries, LoopCommands commands, AgentHub hub, LogTimeSource time,
    LeaseClock leaseClock, TimeProvider clock, ILogger<LeaseLoop> logger)
    : LeaderLoop(terms, queries, clock, logger)
{
    private readonly ILogger _logger = logger;
    private volatile bool _alarmed;
    private volatile int _silent;
    private bool _alarmOver;

    /// <summary>Most nodes are silent together, and none is evicted for it.</summary>
    public bool IsHolding => _alarmed;

    /// <summary>Nodes with rooms that are silent, at the last look.</summary>
    public int Silent => _silent;

    public override string Name => "lease-expiry";
    protected override TimeSpan Period => TimeSpan.FromMilliseconds(200);

    private sealed record Round(ulong Term, LeaseRound Leases);

    public override async Task RunOnceAsync(CancellationToken cancellationToken)
    {
        if (await LookAsync(Judge) is not { } round)
        {
            (_alarmed, _silent) = (false, 0); // another replica leads
            return;
        }
        Alarm(round.Leases);
        foreach (var verdict in round.Leases.Verdicts)
        {
            var result = await commands.SubmitAsync(round.Term, Name, Command(verdict), cancellationToken);
            if (IsLoss(verdict)) await SettleAsync(round.Term, verdict, result);
        }
    }

    /// <summary>
    /// Puts on record at once that a node has left, as the next round would: its process waits for that, and when it is gone the replicas
    /// may be stopped before there is a round.
    /// </summary>
    public async Task RecordLeftAsync(NodeId node, ulong incarnation, CancellationToken cancellationToken)
    {
        var term = await LookAsync((state, term) =>
        {
            term.Leases.MayLeave = time.MayExtend;
            return state.FindNode(node) is { } left && left.Record.Incarnation == incarnation
                && term.Leases.HasLeft(LeaseHolder.Of(left)) ? term : null;
        });
        if (term is not null)
            await commands.SubmitAsync(term.Term, Name, new NodeCommand.Leave(node, incarnation), cancellationToken);
    }

    /// <summary>From here on a node that is to be declared lost gets no acknowledgement: same thread as those that grant.</summary>
    private Round Judge(ClusterState state, LeaderTerm term)
    {
        foreach (var session in hub.Sessions)
            if (session.HeardAtMs > long.MinValue && hub.IsCurrent(session))
                term.Leases.HeartbeatReceived(session.Node, session.Incarnation, session.HeardAtMs);
        term.Leases.MayLeave = time.MayExtend;
        var round = term.Leases.Judge(state.Nodes.InOrder().Select(LeaseHolder.Of), leaseClock.NowMs);
        foreach (var verdict in round.Verdicts)
            if (IsLoss(verdict)) term.Leases.LossProposed(verdict.Node, verdict.Incarnation);
        return new(term.Term, round);
    }

    /// <summary>
    /// What is certainly not in the log holds no acknowledgement back any more; what may be there does, and is proposed again. What is
    /// applied, state says.
    /// </summary>
    private async Task SettleAsync(ulong decidedIn, LeaseVerdict loss, SubmitResult result)
    {
        if (result is { Status: SubmitStatus.Applied, Reply.Failure: null }) return;
        await LookAlsoSealedAsync((_, term) =>
        {
            if (term.Term != decidedIn) return term;
            if (result.Status == SubmitStatus.Unknown) term.Leases.LossUnknown(loss.Node, loss.Incarnation);
            else term.Leases.LossRefused(loss.Node, loss.Incarnation);
            return term;
        });
    }

    private static bool IsLoss(LeaseVerdict verdict) => verdict.Kind is LeaseVerdictKind.DeclareLost or LeaseVerdictKind.DeclareSuperseded;

    private static NodeCommand Command(LeaseVerdict verdict) => verdict.Kind switch
    {
        LeaseVerdictKind.Suspect => new NodeCommand.Suspect(verdict.Node, verdict.Incarnation),
        LeaseVerdictKind.Recover => new NodeCommand.Recover(verdict.Node, verdict.Incarnation),
        LeaseVerdictKind.Leave => new NodeCommand.Leave(verdict.Node, verdict.Incarnation),
        LeaseVerdictKind.DeclareLost => new NodeCommand.DeclareLost(verdict.Node, verdict.Incarnation, LossReason.LeaseEnded),
        _ => new NodeCommand.DeclareLost(verdict.Node, verdict.Incarnation, LossReason.Superseded),
    };

    private void Alarm(LeaseRound round)
    {
        if (round.Alarm && !_alarmed) LogAlarm(round.Silent, round.Known);
        if (round.AlarmOver && !_alarmOver) LogAlarmOver(round.Silent, round.Known);
        (_alarmed, _alarmOver, _silent) = (round.Alarm, round.AlarmOver, round.Silent);
    }

    [LoggerMessage(3111, LogLevel.Error,
        "{Silent} of {Known} media nodes that hold rooms or are heard are silent together: the fault is likelier here than there, so "
        + "none is evicted until SilentMajorityHoldSeconds have passed")]
    private partial void LogAlarm(int silent, int known);

    [LoggerMessage(3511, LogLevel.Error,
        "{Silent} of {Known} media nodes are silent still, after SilentMajorityHoldSeconds: those whose leases have ended are declared "
        + "lost, and their rooms go elsewhere")]
    private partial void LogAlarmOver(int silent, int known);
}
