using Grpc.Core;

namespace VideoScale.Rpc;

/// <summary>
/// Calls whichever of several addresses answers. A unary call that finds one UNAVAILABLE goes to the next with the same request:
/// callers put a request_id into mutations, which makes that safe. Streams are not retried, but the next one avoids the address that failed.
/// </summary>
/// <remarks>Give it to a generated client: <c>new RoomService.RoomServiceClient(invoker)</c>.</remarks>
public sealed class MultiEndpointInvoker : CallInvoker, IDisposable
{
    /// <summary>Where a server says who leads, in trailers and as <see cref="LeaderOf"/>.</summary>
    public const string LeaderTrailer = "videoscale-leader";

    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(1);

    private readonly ChannelPool _pool;
    private readonly TimeSpan _patience;
    private volatile string[] _addresses;
    private int _current;

    /// <param name="addresses">host:port of each server; at least one.</param>
    /// <param name="patience">How long a unary call without a deadline keeps trying; a deadline ends it sooner.</param>
    public MultiEndpointInvoker(IEnumerable<string> addresses, TlsMaterial? tls = null, TimeSpan? patience = null)
    {
        _pool = new ChannelPool(tls);
        _patience = patience ?? TimeSpan.FromSeconds(10);
        _addresses = Checked(addresses, tls is not null);
    }

    /// <summary>Where the next call goes first.</summary>
    public string CurrentAddress => Address(Volatile.Read(ref _current));

    public IReadOnlyList<string> Addresses => _addresses;

    /// <summary>Puts one address first, e.g. the leader's; adds it when it is not known.</summary>
    public void Prefer(string address)
    {
        var known = _addresses;
        var index = Array.IndexOf(known, address);
        if (index < 0)
        {
            index = known.Length;
            _addresses = [.. known, address];
        }
        Volatile.Write(ref _current, index);
    }

    /// <returns>The leader's address that a refusal named; null when it named none.</returns>
    public static string? LeaderOf(RpcException refusal) => refusal.Trailers.GetValue(LeaderTrailer) is { Length: > 0 } address ? address : null;

    public override AsyncUnaryCall<TResponse> AsyncUnaryCall<TRequest, TResponse>(Method<TRequest, TResponse> method, string? host, CallOptions options, TRequest request)
    {
        var call = new RetriedCall<TRequest, TResponse>(this, method, host, options, request);
        return new AsyncUnaryCall<TResponse>(call.RunAsync(), call.HeadersAsync, () => call.Status, () => call.Trailers, call.Dispose);
    }

    public override TResponse BlockingUnaryCall<TRequest, TResponse>(Method<TRequest, TResponse> method, string? host, CallOptions options, TRequest request)
    {
        using var call = AsyncUnaryCall(method, host, options, request);
        return call.ResponseAsync.GetAwaiter().GetResult();
    }

    public override AsyncServerStreamingCall<TResponse> AsyncServerStreamingCall<TRequest, TResponse>(Method<TRequest, TResponse> method, string? host, CallOptions options, TRequest request)
    {
        var index = Volatile.Read(ref _current);
        var call = Invoker(index).AsyncServerStreamingCall(method, host, options, request);
        LeaveWhenUnavailable(call.ResponseHeadersAsync, index);
        return call;
    }

    public override AsyncClientStreamingCall<TRequest, TResponse> AsyncClientStreamingCall<TRequest, TResponse>(Method<TRequest, TResponse> method, string? host, CallOptions options)
    {
        var index = Volatile.Read(ref _current);
        var call = Invoker(index).AsyncClientStreamingCall(method, host, options);
        LeaveWhenUnavailable(call.ResponseHeadersAsync, index);
        return call;
    }

    public override AsyncDuplexStreamingCall<TRequest, TResponse> AsyncDuplexStreamingCall<TRequest, TResponse>(Method<TRequest, TResponse> method, string? host, CallOptions options)
    {
        var index = Volatile.Read(ref _current);
        var call = Invoker(index).AsyncDuplexStreamingCall(method, host, options);
        LeaveWhenUnavailable(call.ResponseHeadersAsync, index);
        return call;
    }

    private CallInvoker Invoker(int index) => _pool.Get(Address(index)).CreateCallInvoker();

    private string Address(int index)
    {
        var addresses = _addresses;
        return addresses[index % addresses.Length];
    }

    private void Leave(int index) => Interlocked.CompareExchange(ref _current, (index + 1) % _addresses.Length, index);

    private void LeaveWhenUnavailable(Task<Metadata> headers, int index) => _ = headers.ContinueWith(
        t => { if (t.Exception?.InnerException is RpcException e && e.IsConnectionLost()) Leave(index); },
        CancellationToken.None, TaskContinuationOptions.OnlyOnFaulted | TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);

    private static string[] Checked(IEnumerable<string> addresses, bool secure)
    {
        var list = addresses.Distinct(StringComparer.Ordinal).ToArray();
        if (list.Length == 0) throw new RpcConfigurationException("no address is given: name at least one host:port");
        foreach (var address in list) RpcChannel.ToUri(address, secure);
        return list;
    }

    public void Dispose() => _pool.Dispose();

    /// <summary>One unary call over as many attempts as its time allows.</summary>
    private sealed class RetriedCall<TRequest, TResponse>(MultiEndpointInvoker owner, Method<TRequest, TResponse> method, string? host, CallOptions options, TRequest request) : IDisposable
        where TRequest : class where TResponse : class
    {
        private readonly TaskCompletionSource<Metadata> _headers = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly CancellationTokenSource _givenUp = new();
        private volatile AsyncUnaryCall<TResponse>? _attempt;

        public Task<Metadata> HeadersAsync => _headers.Task;
        public Status Status => _attempt?.GetStatus() ?? throw new InvalidOperationException("the call has not ended");
        public Metadata Trailers => _attempt?.GetTrailers() ?? throw new InvalidOperationException("the call has not ended");

        public async Task<TResponse> RunAsync()
        {
            using var cancelled = options.CancellationToken.UnsafeRegister(static call => ((RetriedCall<TRequest, TResponse>)call!)._givenUp.Cancel(), this);
            var until = options.Deadline ?? DateTime.UtcNow + owner._patience;
            var pause = FirstPause;
            for (var attempts = 1; ; attempts++)
            {
                var index = Volatile.Read(ref owner._current);
                try
                {
                    var attempt = owner.Invoker(index).AsyncUnaryCall(method, host, options.WithCancellationToken(_givenUp.Token), request);
                    _attempt = attempt;
                    var response = await attempt.ResponseAsync.ConfigureAwait(false);
                    _headers.TrySetResult(await attempt.ResponseHeadersAsync.ConfigureAwait(false));
                    return response;
                }
                catch (RpcException e) when (e.IsConnectionLost() && DateTime.UtcNow + pause < until) // given up meanwhile: the next attempt says CANCELLED
                {
                    owner.Leave(index);
                    // The next address is asked at once; only when all have been asked is there a pause.
                    if (attempts % owner._addresses.Length != 0) continue;
                    await PauseAsync(pause).ConfigureAwait(false);
                    pause = TimeSpan.FromTicks(Math.Min(pause.Ticks * 2, LongestPause.Ticks));
                }
                catch (Exception e)
                {
                    if (_headers.TrySetException(e)) _ = _headers.Task.Exception; // observed: callers rarely ask for headers
                    throw;
                }
            }
        }

        /// <summary>Ends early when the call is given up; the next attempt then reports it as every call does.</summary>
        private async Task PauseAsync(TimeSpan pause)
        {
            try { await Task.Delay(pause, _givenUp.Token).ConfigureAwait(false); }
            catch (OperationCanceledException) { }
        }

        public void Dispose()
        {
            _givenUp.Cancel();
            _attempt?.Dispose();
        }
    }
}
