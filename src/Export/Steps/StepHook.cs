namespace VideoScale.Export.Steps;

/// <summary>Where a batch may be cut off: what is there after each of these is tried by tests.</summary>
internal enum ExportStep { AfterFence, AfterStreams, WithinEvents, WithinLedger, BeforeCommit, AfterCommit }

/// <summary>Stands between the steps of a batch in tests; nobody does in a replica.</summary>
internal sealed class StepHook(Func<ExportStep, CancellationToken, Task> reached)
{
    internal static Task At(StepHook? hook, ExportStep step, CancellationToken cancellationToken) =>
        hook is null ? Task.CompletedTask : hook.Reached(step, cancellationToken);

    private Task Reached(ExportStep step, CancellationToken cancellationToken) => reached(step, cancellationToken);
}
