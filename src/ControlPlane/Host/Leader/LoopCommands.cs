using VideoScale.ControlPlane.Commands;
using VideoScale.ControlPlane.Events;
using VideoScale.ControlPlane.Host.Replication;

namespace VideoScale.ControlPlane.Host.Leader;

/// <summary>How leader loops propose: under the term they decided in, never forwarded.</summary>
public sealed class LoopCommands(CommandPipeline pipeline)
{
    public ValueTask<SubmitResult> SubmitAsync(ulong term, string loop, DomainCommand command, CancellationToken cancellationToken,
        EventRef cause = default) =>
        pipeline.SubmitAsync(new CommandEnvelope(command, Actor.Loop(loop), DecidedInTerm: term, CorrelationId: loop,
            Cause: cause), cancellationToken);

    /// <summary>Proposes together what was decided together, and waits for all.</summary>
    public async Task SubmitAllAsync(ulong term, string loop, IReadOnlyList<DomainCommand> commands, CancellationToken cancellationToken)
    {
        var submitted = new Task[commands.Count];
        for (var i = 0; i < submitted.Length; i++) submitted[i] = SubmitAsync(term, loop, commands[i], cancellationToken).AsTask();
        await Task.WhenAll(submitted);
    }
}
