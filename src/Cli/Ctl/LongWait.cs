using Grpc.Core;
using VideoScale.Rpc;

namespace VideoScale.Cli.Ctl;

/// <summary>
/// A question that is asked until something has come about: an election or a restart in between is no reason to give the wait up.
/// </summary>
internal static class LongWait
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);

    /// <exception cref="RpcException">Refused, or nobody answered for --timeout.</exception>
    internal static async Task<T> AskAsync<T>(CtlSession session, Func<CallOptions, AsyncUnaryCall<T>> ask,
        CancellationToken cancellationToken)
    {
        var until = Environment.TickCount64 + (long)session.Timeout.TotalMilliseconds;
        for (var said = false; ; said = true)
        {
            try { return await ask(session.Call(cancellationToken)); }
            catch (RpcException e) when (e.IsConnectionLost() && Environment.TickCount64 < until)
            {
                if (!said) await Console.Error.WriteLineAsync($"interrupted ({e.Status.Detail}); the wait goes on …");
                await Task.Delay(Pause, cancellationToken);
            }
        }
    }
}
