using Microsoft.Extensions.Logging;
using VideoScale.Consensus;
using VideoScale.ControlPlane.Cluster;
using VideoScale.ControlPlane.Host.Leader;
using VideoScale.ControlPlane.Host.Replication;
using VideoScale.Model;

namespace VideoScale.ControlPlane.Host.Members;

/// <summary>
/// While the log is sealed every replica writes a snapshot of what it was sealed with. In a log that goes on after the seal the leader
/// begins a new recovery generation, with which everything goes on.
/// </summary>
internal sealed partial class SealedLogLoop(IReplicatedLog log, StateQueries queries, LeaderTerms terms, LoopCommands commands,
    TimeProvider clock, ILogger<SealedLogLoop> logger)
{
    private const string Name = "move";
    private static readonly TimeSpan Period = TimeSpan.FromMilliseconds(250);

    private sealed record View(LogSeal? Seal, ulong LeadingTerm);

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        using var timer = new PeriodicTimer(Period, clock);
        do
        {
            try { await RunOnceAsync(cancellationToken); }
            catch (OperationCanceledException) { } // a snapshot that was given up, or this replica stops
            catch (Exception e) when (e is not InvariantViolation) { LogRoundFailed(e); }
        }
        while (await timer.WaitForNextTickAsync(cancellationToken));
    }

    internal async Task RunOnceAsync(CancellationToken cancellationToken)
    {
        var view = await queries.ReadNowAsync(terms, static (state, _, leader) => new View(state.Cluster.Seal, leader.Current?.Term ?? 0));
        if (view.Seal is { } seal && view.LeadingTerm != 0 && log.GoesOnAfter == seal.Index)
            await commands.SubmitAsync(view.LeadingTerm, Name, new ClusterCommand.RaiseRecoveryGeneration(0), cancellationToken);
        // Afterwards too: in the log that goes on nothing lies before it, for those who come later.
        else if (log.Status.SnapshotIndex < view.Seal?.Index || (view.Seal is null && log.GoesOnAfter is var place and not 0
            && log.Status.SnapshotIndex <= place))
            await log.CreateSnapshotAsync(cancellationToken);
    }

    [LoggerMessage(2131, LogLevel.Warning, "A snapshot of the sealed log, or its going on, failed; it is tried again")]
    private partial void LogRoundFailed(Exception e);
}
