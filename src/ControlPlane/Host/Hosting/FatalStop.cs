using System.Runtime.InteropServices;
using VideoScale.ControlPlane.Host.Serving;
using VideoScale.Rpc;

namespace VideoScale.ControlPlane.Host.Hosting;

/// <summary>
/// The one place where a replica stops for ever: nothing more is answered, one line says why, the process ends with code 70.
/// </summary>
public sealed partial class FatalStop(ServingGate gate, string replica, bool endsProcess, Action<string> lastWords)
{
    private readonly TaskCompletionSource<Exception> _cause = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Completes with the cause.</summary>
    public Task<Exception> Cause => _cause.Task;

    public void Stop(Exception cause)
    {
        gate.BeginShutdown();
        if (!_cause.TrySetResult(cause)) return;
        lastWords($"replica {replica} stops for ever: {cause.Message.ReplaceLineEndings(" ")}");
        // Not Environment.Exit: that runs shutdown code, which could still answer somebody.
        if (endsProcess) ExitNow((int)ExitCode.Fatal);
    }

    /// <summary>Watches a task that completes only when something stopped for ever.</summary>
    public void Watch(Task<Exception> fatal) =>
        fatal.ContinueWith(static (t, self) => ((FatalStop)self!).Stop(t.Result), this, CancellationToken.None,
            TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);

    [LibraryImport("libc", EntryPoint = "_exit")]
    private static partial void ExitNow(int code);
}
