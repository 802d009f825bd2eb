using System.Runtime.CompilerServices;
using Grpc.Core;
using VideoScale.Rpc;

namespace VideoScale.Cli.Ctl;

/// <summary>
/// A stream that may last: when the replica that serves it goes away or knows no leader any more, another one goes on with it.
/// </summary>
internal static class LongStream
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);

    /// <param name="open">Begins where the last one ended: with a new listing, or after the last item.</param>
    /// <exception cref="RpcException">No replica served it: at the beginning, or for --timeout after it was interrupted.</exception>
    internal static async IAsyncEnumerable<T> ReadAsync<T>(CtlSession session, Func<AsyncServerStreamingCall<T>> open,
        [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        long? interrupted = null;
        while (true)
        {
            using var call = open();
            while (true)
            {
                T item;
                try
                {
                    if (interrupted is not null)
                    {
                        await call.ResponseHeadersAsync; // open again
                        interrupted = null;
                    }
                    if (!await call.ResponseStream.MoveNext(cancellationToken)) yield break;
                    item = call.ResponseStream.Current;
                }
                catch (RpcException e)
                    when (e.IsConnectionLost() && (interrupted is not null || call.ResponseHeadersAsync.IsCompletedSuccessfully))
                {
                    if (interrupted is null)
                        await Console.Error.WriteLineAsync($"interrupted ({e.Status.Detail}); looking for another replica …");
                    interrupted ??= Environment.TickCount64;
                    if (Environment.TickCount64 - interrupted > session.Timeout.TotalMilliseconds) throw;
                    await Task.Delay(Pause, cancellationToken);
                    break;
                }
                yield return item;
            }
        }
    }
}
