using System.Threading.Channels;
using VideoScale.Model;

namespace VideoScale.MediaNode.Host.Sessions;

/// <summary>
/// The one thread of control of all sessions of a node: what signalling, authority and shards say is carried out here, one after the other.
/// </summary>
/// <remarks>Media never passes here: a busy loop delays joins, not packets.</remarks>
public sealed class SessionLoop : IAsyncDisposable
{
    private readonly Channel<Action> _work = Channel.CreateUnbounded<Action>(new UnboundedChannelOptions { SingleReader = true });
    private readonly Task _running;
    private readonly Action<Exception> _broken;

    /// <param name="broken">Gets a bug of ours; the process ends with it.</param>
    public SessionLoop(Action<Exception> broken)
    {
        _broken = broken;
        _running = Task.Run(RunAsync);
    }

    public void Post(Action work) => _work.Writer.TryWrite(work);

    /// <summary>Runs something in its turn and returns what came of it.</summary>
    public Task<T> AskAsync<T>(Func<T> work)
    {
        var done = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        var taken = _work.Writer.TryWrite(() =>
        {
            try { done.SetResult(work()); }
            catch (Exception e) when (e is not InvariantViolation) { done.SetException(e); }
        });
        if (!taken) done.SetCanceled();
        return done.Task;
    }

    public async ValueTask DisposeAsync()
    {
        _work.Writer.TryComplete();
        await _running;
    }

    private async Task RunAsync()
    {
        try
        {
            await foreach (var work in _work.Reader.ReadAllAsync()) work();
        }
        catch (Exception e)
        {
            _work.Writer.TryComplete();
            _broken(e);
        }
    }
}
