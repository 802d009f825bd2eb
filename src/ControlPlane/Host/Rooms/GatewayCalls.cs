using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using Grpc.Core;
using Microsoft.Extensions.Logging;
using VideoScale.ControlPlane.Host.Observability;
using VideoScale.ControlPlane.Host.Replication;
using VideoScale.Model;
using VideoScale.Rpc;

namespace VideoScale.ControlPlane.Host.Rooms;

/// <summary>
/// What a call over the network gets on its way in, calls of the gateway of this process get here: a caller with its role, a deadline,
/// exceptions as statuses, counts, and the end of the process when a law of ours is broken.
/// </summary>
public sealed partial class GatewayCalls
{
    internal static readonly TimeSpan CallTime = TimeSpan.FromSeconds(8);
    private static readonly Caller Gateway = new("gateway", Role.Operator, AuthMethod.Token);

    private readonly Action<Exception> _stopForEver;
    private readonly TimeProvider _clock;
    private readonly ILogger<GatewayCalls> _logger;
    private readonly ConcurrentDictionary<string, StrongBox<long>> _calls = new(StringComparer.Ordinal),
        _refused = new(StringComparer.Ordinal);

    /// <param name="stopForEver">Told when a law of this program was broken.</param>
    public GatewayCalls(Action<Exception> stopForEver, ReplicaMetrics metrics, TimeProvider clock, ILogger<GatewayCalls> logger)
    {
        (_stopForEver, _clock, _logger) = (stopForEver, clock, logger);
        metrics.CountOfEach("videoscale_gateway_calls", "Calls of the gateway for rooms and seats, by method", "method",
            () => Read(_calls));
        metrics.CountOfEach("videoscale_gateway_calls_refused", "Those that were refused or failed, by status", "status",
            () => Read(_refused));
    }

    public async Task<T> RunAsync<T>(string method, Func<IncomingCall, Task<T>> run, CancellationToken cancellationToken)
    {
        Count(_calls, method);
        using var time = new CancellationTokenSource(CallTime, _clock);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, time.Token);
        try
        {
            // Whatever it waits for, the caller waits no longer than its deadline.
            return await GuardAsync(method, run, new IncomingCall(method, Gateway, _clock.GetUtcNow().UtcDateTime + CallTime, limit.Token))
                .WaitAsync(limit.Token);
        }
        catch (RpcException e)
        {
            Count(_refused, e.StatusCode.ToString());
            throw;
        }
        catch (OperationCanceledException) when (limit.IsCancellationRequested)
        {
            var fault = cancellationToken.IsCancellationRequested ? HandlerFault.Cancelled() : HandlerFault.DeadlinePassed();
            Count(_refused, fault.StatusCode.ToString());
            throw fault;
        }
    }

    private async Task<T> GuardAsync<T>(string method, Func<IncomingCall, Task<T>> run, IncomingCall call)
    {
        try { return await run(call); }
        catch (InvariantViolation e)
        {
            _stopForEver(e);
            throw HandlerFault.StoppedForEver();
        }
        catch (OperationCanceledException) when (!call.CancellationToken.IsCancellationRequested)
        {
            throw HandlerFault.GivenUp();
        }
        catch (Exception e) when (e is not (RpcException or OperationCanceledException))
        {
            LogUnexpected(e, method);
            throw HandlerFault.Unexpected();
        }
    }

    private static void Count(ConcurrentDictionary<string, StrongBox<long>> counts, string of) =>
        Interlocked.Increment(ref counts.GetOrAdd(of, static _ => new StrongBox<long>()).Value);

    private static IEnumerable<(string Of, double Value)> Read(ConcurrentDictionary<string, StrongBox<long>> counts) =>
        counts.Select(static count => (count.Key, (double)Interlocked.Read(ref count.Value.Value)));

    [LoggerMessage(5600, LogLevel.Error, "{Method} failed in a way it should not, for the gateway of this process")]
    private partial void LogUnexpected(Exception exception, string method);
}
