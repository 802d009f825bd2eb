using System.Runtime.InteropServices;
using VideoScale.Harness.Links;

namespace VideoScale.Chaos.Running;

/// <summary>
/// Ctrl-C and its like: the first ends the run in good order, with its report; a second ends the harness at once, and all it started with
/// it.
/// </summary>
public sealed class StopSignals : IDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private readonly PosixSignalRegistration[] _registrations;
    private int _count;

    public StopSignals() => _registrations = [.. new[] { PosixSignal.SIGINT, PosixSignal.SIGTERM, PosixSignal.SIGHUP }
        .Select(signal => PosixSignalRegistration.Create(signal, Meet))];

    public CancellationToken Token => _stop.Token;

    public void Dispose()
    {
        foreach (var registration in _registrations) registration.Dispose();
        _stop.Dispose();
    }

    private void Meet(PosixSignalContext context)
    {
        // inside namespaces whoever passes signals on repeats them, and kills when there is a second one
        context.Cancel = Interlocked.Increment(ref _count) == 1 || Namespaced.IsInside;
        if (_count == 1) _ = _stop.CancelAsync();
    }
}
