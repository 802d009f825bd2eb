namespace VideoScale.Rpc;

/// <summary>
/// A stream of answers that this side ends. Cancelling a write tears the whole call down, so that the caller hears nothing of why it ended:
/// whoever ends it cancels what is waited for, and gives the write under way a moment before it is cut off.
/// </summary>
public sealed class LastWrite : IDisposable
{
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(1);
    private readonly CancellationTokenSource _cut;
    private readonly CancellationTokenRegistration _ending;

    /// <param name="ending">Cancelled when this side ends the stream.</param>
    /// <param name="call">Cancelled when the call is gone.</param>
    public LastWrite(CancellationToken ending, CancellationToken call)
    {
        _cut = CancellationTokenSource.CreateLinkedTokenSource(call);
        _ending = ending.UnsafeRegister(static cut => ((CancellationTokenSource)cut!).CancelAfter(Grace), _cut);
    }

    /// <summary>For writes alone.</summary>
    public CancellationToken Token => _cut.Token;

    public void Dispose()
    {
        _ending.Dispose(); // waits for a callback that is running
        _cut.Dispose();
    }
}
