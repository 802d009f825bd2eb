using Microsoft.Extensions.Logging;
using VideoScale.Consensus;
using VideoScale.ControlPlane.Cluster;
using VideoScale.ControlPlane.Host.Replication;

namespace VideoScale.ControlPlane.Host.Leader;

/// <summary>Puts on record who leads, once a term.</summary>
public sealed class LeadershipRecorder : LeaderLoop
{
    private readonly LoopCommands _commands;
    private readonly IReplicatedLog _log;

    public LeadershipRecorder(LeaderTerms terms, StateQueries queries, LoopCommands commands, IReplicatedLog log, TimeProvider clock,
        ILogger<LeadershipRecorder> logger)
        : base(terms, queries, clock, logger)
    {
        _commands = commands;
        _log = log;
        terms.Changed += term => { if (term is not null) Wake(); };
        Wake(); // the term may be open already
    }

    public override string Name => "leadership";
    protected override TimeSpan Period => TimeSpan.FromSeconds(5);

    public override async Task RunOnceAsync(CancellationToken cancellationToken)
    {
        var missing = await LookAsync(static (state, term) => state.Cluster.Term < term.Term ? term : null);
        if (missing is not null)
            await _commands.SubmitAsync(missing.Term, Name, new ClusterCommand.RecordLeadership(_log.Status.Self.Value), cancellationToken);
    }
}
