using Microsoft.Extensions.Logging;
using VideoScale.Consensus;
using VideoScale.ControlPlane.Cluster;
using VideoScale.ControlPlane.Host.Leader;
using VideoScale.ControlPlane.Host.Replication;

namespace VideoScale.ControlPlane.Host.Checkpoints;

/// <summary>
/// Marks the log now and then, collects what voters' states hash to at the mark, and commits what a majority has. When no value can have
/// a majority, nobody knows which state is right: everything stops, loudly.
/// </summary>
public sealed partial class CheckpointLoop(LeaderTerms terms, StateQueries queries, LoopCommands commands, IReplicatedLog log,
    ControlPlaneStateMachine machine,
    Action<Exception> fatal, TimeProvider clock, ILogger<CheckpointLoop> logger) : LeaderLoop(terms, queries, clock, logger)
{
    private const ulong EntriesBetween = 1_024;
    private static readonly TimeSpan TimeBetween = TimeSpan.FromSeconds(5);
    private readonly ILogger _logger = logger;
    private readonly Lock _gate = new();
    private readonly HashSet<(ulong Index, ulong Member)> _recorded = []; // member 0: the checkpoint itself
    private CheckpointRound? _round;
    private (ulong Term, ulong Index, long Stamp) _last;

    public override string Name => "checkpoint";
    protected override TimeSpan Period => TimeSpan.FromMilliseconds(100);

    private sealed record View(ulong Term, ulong EventSeq, ulong CheckpointSeq);

    public override async Task RunOnceAsync(CancellationToken cancellationToken)
    {
        if (await LookAsync(static (state, term) => new View(term.Term, state.LastEventSeq, state.Cluster.Checkpoint.EventSeq))
            is not { } view) return;
        if (view.Term != _last.Term) _last = (view.Term, log.Status.AppliedIndex, Clock.GetTimestamp());
        // A checkpoint is itself one event; with nothing else after it the cluster is idle.
        if (view.EventSeq <= view.CheckpointSeq + 1) return;
        if (log.Status.AppliedIndex - _last.Index < EntriesBetween && Clock.GetElapsedTime(_last.Stamp) < TimeBetween) return;
        await MarkAsync(cancellationToken);
    }

    /// <summary>Marks the log now and reports this replica's own hash.</summary>
    public async Task MarkAsync(CancellationToken cancellationToken)
    {
        if (await LookAsync(static (_, term) => term) is not { } term) return;
        var result = await commands.SubmitAsync(term.Term, Name, new ClusterCommand.MarkCheckpoint(), cancellationToken);
        if (result is not { Status: SubmitStatus.Applied, Reply: { Failure: null } reply }) return;
        _last = (term.Term, reply.Index, Clock.GetTimestamp());
        if (machine.Marks.Find(reply.Index) is { } mine) await ReportAsync(log.Status.Self.Value, mine, cancellationToken);
    }

    /// <summary>A voter says what its state hashes to. From this replica or, through ReplicaService, from another.</summary>
    /// <returns>False when no value can have a majority: the reporter stops too.</returns>
    public async ValueTask<bool> ReportAsync(ulong member, MarkedHash hash, CancellationToken cancellationToken)
    {
        if (await LookAsync(static (_, term) => term) is not { } term) return true;
        CheckpointRound? round;
        lock (_gate)
        {
            if (_round is null || _round.Index < hash.Index)
                _round = new(hash.Index, [.. log.Status.Membership.Voters.Select(voter => voter.Value)]);
            round = _round.Index == hash.Index ? _round : null;
        }
        if (round is null) return true; // late: a later mark is being counted
        var tally = round.Add(member, hash);
        switch (tally.Verdict)
        {
            case CheckpointRound.Verdict.Agreed: await AgreeAsync(term.Term, round.Index, tally, cancellationToken); return true;
            case CheckpointRound.Verdict.NoMajority:
                LogNoMajority(round.Index, string.Join(", ", tally.Differing));
                fatal(
                    new InvalidDataException(
                    $"no majority of voters has the same state at log index {round.Index}: nobody knows which is right, so this replica "
                    + $"stops"));
                return false;
            default: return true;
        }
    }

    private async Task AgreeAsync(ulong term, ulong index, CheckpointRound.Tally tally, CancellationToken cancellationToken)
    {
        var value = tally.Value!;
        if (IsFirst(index, member: 0))
        {
            var checkpoint = new Checkpoint(index, value.EventSeq, value.StateHash, value.ChainHead.ToArray(), value.MerkleRoot.ToArray(),
                [.. tally.Agreeing]);
            await commands.SubmitAsync(term, Name, new ClusterCommand.CommitCheckpoint(checkpoint), cancellationToken);
        }
        foreach (var member in tally.Differing)
        {
            if (!IsFirst(index, member)) continue; // said and recorded with an earlier report
            LogDiverged(member, index);
            await commands.SubmitAsync(term, Name, new ClusterCommand.RecordDivergence(member, index), cancellationToken);
        }
        lock (_gate) _recorded.RemoveWhere(old => old.Index + EntriesBetween * 64 < index);
    }

    private bool IsFirst(ulong index, ulong member)
    {
        lock (_gate) return _recorded.Add((index, member));
    }

    [LoggerMessage(3121, LogLevel.Critical,
        "No majority of voters has the same state at log index {Index} (reports of {Members}): everything stops")]
    private partial void LogNoMajority(ulong index, string members);

    [LoggerMessage(3122, LogLevel.Error, "Member {Member} differs from the majority at log index {Index}; it quarantines itself")]
    private partial void LogDiverged(ulong member, ulong index);
}
