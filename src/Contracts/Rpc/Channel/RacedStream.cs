using Grpc.Core;

namespace VideoScale.Rpc;

/// <summary>
/// A stream from one server of a race: it serves once it has sent its headers, or anything else, and did not end at once.
/// </summary>
internal sealed class RacingStream<TResponse> : IRacingCall
{
    /// <summary>A refusal comes with its headers: this long after them a stream is taken for open.</summary>
    private static readonly TimeSpan RefusalFollows = TimeSpan.FromMilliseconds(30);

    internal RacingStream(AsyncServerStreamingCall<TResponse> call, CancellationToken givenUp)
    {
        Call = call;
        FirstMove = call.ResponseStream.MoveNext(givenUp);
        Served = OpenAsync();
    }

    internal AsyncServerStreamingCall<TResponse> Call { get; }
    internal Task<bool> FirstMove { get; }
    public Task Served { get; }

    private async Task OpenAsync()
    {
        await Task.WhenAny(Call.ResponseHeadersAsync, FirstMove).ConfigureAwait(false);
        // no headers came: it says why, however long that takes
        if (Call.ResponseHeadersAsync.IsFaulted) await FirstMove.ConfigureAwait(false);
        if (!FirstMove.IsCompleted) await Task.WhenAny(FirstMove, Task.Delay(RefusalFollows)).ConfigureAwait(false);
        if (FirstMove.IsCompleted) await FirstMove.ConfigureAwait(false);
    }

    public void Dispose()
    {
        foreach (var task in (Task[])[FirstMove, Served, Call.ResponseHeadersAsync])
            // observed
            _ = task.ContinueWith(static t => _ = t.Exception, CancellationToken.None, TaskContinuationOptions.OnlyOnFaulted,
                TaskScheduler.Default);
        Call.Dispose();
    }
}

/// <summary>One stream from whichever server opens it. Once it runs it is not repeated: its caller knows what it has seen.</summary>
internal sealed class RacedStream<TRequest, TResponse>(MultiEndpointInvoker owner, Method<TRequest, TResponse> method, string? host,
    CallOptions options, TRequest request)
    : IAsyncStreamReader<TResponse>, IDisposable where TRequest : class where TResponse : class
{
    private readonly CancellationTokenSource _givenUp = new();
    private readonly TaskCompletionSource<Metadata> _headers = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private RacingStream<TResponse>? _stream;
    private int _index;
    private bool _firstTaken;
    private Task _opening = Task.CompletedTask;
    private Status? _refusal;
    private Metadata? _trailers;

    public TResponse Current => _stream!.Call.ResponseStream.Current;
    internal Task<Metadata> HeadersAsync => _headers.Task;
    internal Status Status => _stream?.Call.GetStatus() ?? _refusal ?? throw new InvalidOperationException("the call has not ended");
    internal Metadata Trailers => _stream?.Call.GetTrailers() ?? _trailers ?? throw new InvalidOperationException("the call has not ended");

    internal RacedStream<TRequest, TResponse> Start()
    {
        _opening = OpenAsync();
        // told by MoveNext
        _ = _opening.ContinueWith(static t => _ = t.Exception, CancellationToken.None, TaskContinuationOptions.OnlyOnFaulted,
            TaskScheduler.Default);
        return this;
    }

    public async Task<bool> MoveNext(CancellationToken cancellationToken)
    {
        using var cancelled = cancellationToken.UnsafeRegister(static stream => ((RacedStream<TRequest, TResponse>)stream!)
            ._givenUp.Cancel(), this);
        await _opening.ConfigureAwait(false);
        try
        {
            if (_firstTaken) return await _stream!.Call.ResponseStream.MoveNext(cancellationToken).ConfigureAwait(false);
            _firstTaken = true;
            return await _stream!.FirstMove.ConfigureAwait(false);
        }
        catch (RpcException e) when (e.IsConnectionLost())
        {
            owner.Leave(_index);
            throw;
        }
    }

    private async Task OpenAsync()
    {
        try
        {
            // Its own token for the whole life of the stream; the caller's ends both the race and what it brought.
            using var cancelled = options.CancellationToken.UnsafeRegister(static stream => ((RacedStream<TRequest, TResponse>)stream!)
                ._givenUp.Cancel(), this);
            var race = owner.NewRace(options.Deadline, mayTakeLong: false, index => new RacingStream<TResponse>(
                owner.InvokerAt(index).AsyncServerStreamingCall(method, host, options, request), _givenUp.Token), _givenUp.Token);
            (_stream, _index) = await race.RunAsync().ConfigureAwait(false);
            owner.StayWith(_index);
            _ = _stream.Call.ResponseHeadersAsync.ContinueWith(t =>
            {
                if (t.IsCompletedSuccessfully) _headers.TrySetResult(t.Result);
                else if (_headers.TrySetException(t.Exception?.InnerException ?? new OperationCanceledException()))
                    _ = _headers.Task.Exception;
            }, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
        }
        catch (Exception e)
        {
            if (e is RpcException refused) (_refusal, _trailers) = (refused.Status, refused.Trailers);
            if (_headers.TrySetException(e)) _ = _headers.Task.Exception; // observed: MoveNext says it
            throw;
        }
    }

    public void Dispose()
    {
        _givenUp.Cancel();
        _stream?.Dispose();
    }
}
