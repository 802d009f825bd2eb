namespace VideoScale.Cli.Ctl;

/// <summary>Says, once, that an answer takes longer than a second, so that nobody stares at nothing.</summary>
internal sealed class PatienceNotice : IDisposable
{
    private readonly Timer _timer;

    internal PatienceNotice(CtlSession session) => _timer = new Timer(
        _ => { if (!session.Output.Wrote) Console.Error.WriteLine($"waiting for an answer from {string.Join(", ", session.Servers)} …"); },
        null, TimeSpan.FromSeconds(1), Timeout.InfiniteTimeSpan);

    public void Dispose() => _timer.Dispose();
}
