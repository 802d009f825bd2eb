using System.Runtime.InteropServices;

namespace VideoScale.Cli.CommandLine;

/// <summary>Ctrl-C and SIGTERM ask for a clean stop; a second one ends the process at once.</summary>
internal sealed class StopSignals : IDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private readonly PosixSignalRegistration[] _registrations;
    private int _count;

    internal StopSignals() => _registrations = [.. new[] { PosixSignal.SIGINT, PosixSignal.SIGTERM, PosixSignal.SIGHUP }
        .Select(s => PosixSignalRegistration.Create(s, On))];

    internal CancellationToken Token => _stop.Token;

    /// <summary>
    /// A child of <c>up</c> is stopped by its parent: the terminal's Ctrl-C, which reaches the whole group, is not for it.
    /// </summary>
    internal bool IgnoreInterrupt { get; set; }

    /// <summary>
    /// A server outlives the terminal it was started from, and has nothing to read again: SIGHUP, which asks others to do so, must not end
    /// it.
    /// </summary>
    internal bool IgnoreHangup { get; set; }

    /// <summary>Stops as a signal would.</summary>
    internal void Stop()
    {
        try { _stop.Cancel(); }
        catch (ObjectDisposedException) { } // the command has just ended: on a thread of its own this must not make a crash of it
    }

    private void On(PosixSignalContext context)
    {
        context.Cancel = true;
        if (IgnoreHangup && context.Signal == PosixSignal.SIGHUP) return;
        if (IgnoreInterrupt && context.Signal != PosixSignal.SIGTERM) return;
        if (Interlocked.Increment(ref _count) > 1) Environment.Exit(Exit.Interrupted);
        Stop();
    }

    public void Dispose()
    {
        foreach (var registration in _registrations) registration.Dispose();
        _stop.Dispose();
    }
}
