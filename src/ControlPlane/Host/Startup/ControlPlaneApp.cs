namespace VideoScale.ControlPlane.Host.Startup;

/// <summary>One running control-plane replica: alone in a process (<c>videoscale control</c>) or beside a media node (<c>up --single</c>).</summary>
public sealed class ControlPlaneApp : IAsyncDisposable
{
    private readonly TaskCompletionSource _ready = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private ControlPlaneApp(ControlPlaneOptions options) => Options = options;

    public ControlPlaneOptions Options { get; }

    /// <summary>Starts a replica; completes when its endpoints listen. Throws <see cref="StartupException"/> with one line for the operator.</summary>
    public static Task<ControlPlaneApp> StartAsync(ControlPlaneOptions options, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var problems = ControlPlaneOptionsCheck.Check(options);
        if (problems.Count > 0) throw new StartupException(ExitCode.BadConfiguration, string.Join(Environment.NewLine, problems));
        _ = ClusterFiles.Read(options.DataDirectory);
        return Task.FromResult(new ControlPlaneApp(options));
    }

    /// <summary>Starts a replica and serves until cancelled, then shuts down cleanly.</summary>
    /// <returns>The exit code of the process; a line on standard error says why it is not 0.</returns>
    public static async Task<int> RunAsync(ControlPlaneOptions options, CancellationToken cancellationToken)
    {
        try
        {
            await using var app = await StartAsync(options, cancellationToken);
            await app.WaitForReadyAsync(cancellationToken);
            await Task.Delay(Timeout.Infinite, cancellationToken);
        }
        catch (StartupException e)
        {
            await Console.Error.WriteLineAsync(e.Message);
            return (int)e.Code;
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested) { }
        return (int)ExitCode.Clean;
    }

    /// <summary>Completes when the replica knows a leader and has applied what was committed at start.</summary>
    public Task WaitForReadyAsync(CancellationToken cancellationToken) => _ready.Task.WaitAsync(cancellationToken);

    /// <summary>Readiness off, leadership handed over, calls drained, everything flushed.</summary>
    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
