using Grpc.Core;
using Grpc.Health.V1;

namespace VideoScale.Rpc;

/// <summary>A unary call at one server of a race.</summary>
internal sealed class RacingUnaryCall<TResponse>(AsyncUnaryCall<TResponse> call) : IRacingCall
{
    internal AsyncUnaryCall<TResponse> Call => call;
    public Task Served => call.ResponseAsync;

    public void Dispose()
    {
        // observed
        _ = call.ResponseAsync.ContinueWith(static t => _ = t.Exception, CancellationToken.None, TaskContinuationOptions.OnlyOnFaulted,
            TaskScheduler.Default);
        call.Dispose();
    }
}

/// <summary>Whether a server answers anything: a refusal of the question is an answer too.</summary>
internal sealed class RacingProbe : IRacingCall
{
    private readonly AsyncUnaryCall<HealthCheckResponse> _call;

    internal RacingProbe(AsyncUnaryCall<HealthCheckResponse> call)
    {
        _call = call;
        Served = AnswerAsync();
    }

    public Task Served { get; }

    private async Task AnswerAsync()
    {
        try { await _call.ResponseAsync.ConfigureAwait(false); }
        catch (RpcException e)
            when (e.Status.DebugException is null && e.StatusCode is not (StatusCode.Cancelled or StatusCode.DeadlineExceeded))
        { }
    }

    public void Dispose()
    {
        // observed
        _ = Served.ContinueWith(static t => _ = t.Exception, CancellationToken.None, TaskContinuationOptions.OnlyOnFaulted,
            TaskScheduler.Default);
        _call.Dispose();
    }
}

/// <summary>One unary call over as many servers and rounds as its time allows.</summary>
internal sealed class RacedUnaryCall<TRequest, TResponse>(MultiEndpointInvoker owner, Method<TRequest, TResponse> method, string? host,
    CallOptions options, TRequest request) : IDisposable
    where TRequest : class where TResponse : class
{
    private readonly TaskCompletionSource<Metadata> _headers = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly CancellationTokenSource _givenUp = new();
    private volatile AsyncUnaryCall<TResponse>? _winner;
    private Status? _refusal;
    private Metadata? _trailers;

    internal Task<Metadata> HeadersAsync => _headers.Task;
    internal Status Status => _winner?.GetStatus() ?? _refusal ?? throw new InvalidOperationException("the call has not ended");
    internal Metadata Trailers => _winner?.GetTrailers() ?? _trailers ?? throw new InvalidOperationException("the call has not ended");

    internal async Task<TResponse> RunAsync()
    {
        using var cancelled = options.CancellationToken.UnsafeRegister(static call => ((RacedUnaryCall<TRequest, TResponse>)call!)
            ._givenUp.Cancel(), this);
        try
        {
            if (options.Deadline is null) await owner.FindLiveAsync(_givenUp.Token).ConfigureAwait(false);
            var race = owner.NewRace(options.Deadline, mayTakeLong: options.Deadline is null, index => new RacingUnaryCall<TResponse>(
                owner.InvokerAt(index).AsyncUnaryCall(method, host, options.WithCancellationToken(_givenUp.Token), request)),
                    _givenUp.Token);
            var (served, index) = await race.RunAsync().ConfigureAwait(false);
            owner.StayWith(index);
            _winner = served.Call;
            _headers.TrySetResult(await served.Call.ResponseHeadersAsync.ConfigureAwait(false));
            return await served.Call.ResponseAsync.ConfigureAwait(false);
        }
        catch (Exception e)
        {
            if (e is RpcException refused) (_refusal, _trailers) = (refused.Status, refused.Trailers);
            if (_headers.TrySetException(e)) _ = _headers.Task.Exception; // observed: callers rarely ask for headers
            throw;
        }
    }

    public void Dispose()
    {
        _givenUp.Cancel();
        _winner?.Dispose();
    }
}
