using Grpc.Core;
using Grpc.Net.Client;
using VideoScale.V1;

namespace VideoScale.Chaos.Workloads;

/// <summary>A caller that knows all replicas and repeats a call, under the same request_id, until its fate is known.</summary>
public sealed class RetryingClient(IReadOnlyList<GrpcChannel> channels, int first)
{
    /// <summary>Longer than an election, shorter than a paused process stays paused.</summary>
    private static readonly TimeSpan AttemptDeadline = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(20);

    private int _next = first;

    /// <returns>The reply, a refusal by the service, or neither when <paramref name="until"/> came first: then the fate is
    /// unknown.</returns>
    public async Task<Answer<T>> CallAsync<T>(Func<CallInvoker, CallOptions, AsyncUnaryCall<T>> call, CancellationToken until)
    {
        var attempts = 0;
        while (!until.IsCancellationRequested)
        {
            var channel = channels[_next % channels.Count];
            attempts++;
            try
            {
                var options = new CallOptions(deadline: DateTime.UtcNow + AttemptDeadline, cancellationToken: until);
                using var running = call(channel.CreateCallInvoker(), options);
                return new Answer<T>(await running.ResponseAsync, null, attempts);
            }
            catch (RpcException e) when (IsRefusal(e.StatusCode))
            {
                return new Answer<T>(default, e.Status, attempts);
            }
            catch (RpcException)
            {
                _next = (_next + 1) % channels.Count;
                try { await Task.Delay(Pause, until); }
                catch (OperationCanceledException) { break; }
            }
        }
        return new Answer<T>(default, null, attempts);
    }

    /// <summary>Statuses by which the service says that it decided; everything else leaves the fate open.</summary>
    public static bool IsRefusal(StatusCode code) => code is StatusCode.InvalidArgument or StatusCode.NotFound or StatusCode.AlreadyExists
        or StatusCode.FailedPrecondition or StatusCode.ResourceExhausted or StatusCode.PermissionDenied or StatusCode.Unauthenticated
        or StatusCode.OutOfRange or StatusCode.Unimplemented;
}

public readonly record struct Answer<T>(T? Reply, Status? Refusal, int Attempts)
{
    public bool Acknowledged => Reply is not null;
    public bool Unknown => Reply is null && Refusal is null;
}
