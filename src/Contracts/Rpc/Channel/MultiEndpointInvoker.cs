using Grpc.Core;
using Grpc.Health.V1;

namespace VideoScale.Rpc;

/// <summary>
/// Calls whichever of several servers serves. A unary call that finds one UNAVAILABLE goes to the next with the same request, and asks the
/// next beside one that is silent: callers put a request_id into mutations, which makes that safe. Streams from the server are opened in
/// the same way; one that breaks later is not repeated, but the next call avoids the address.
/// </summary>
/// <remarks>Give it to a generated client: <c>new RoomService.RoomServiceClient(invoker)</c>.</remarks>
public sealed class MultiEndpointInvoker : CallInvoker, IDisposable
{
    /// <summary>Where a server says who leads, in trailers and as <see cref="LeaderOf"/>.</summary>
    public const string LeaderTrailer = "videoscale-leader";

    /// <summary>What a silent server gets before the next is asked beside it: many round trips, and short against every deadline.</summary>
    private static readonly TimeSpan LongestShare = TimeSpan.FromMilliseconds(300);

    private readonly ChannelPool _pool;
    private readonly TimeSpan _patience;
    private readonly TimeSpan? _reasonsPatience;
    private readonly string[] _addresses;
    private int _current;

    /// <param name="addresses">host:port of each server; at least one.</param>
    /// <param name="patience">How long a call without a deadline keeps trying; a deadline ends it sooner.</param>
    /// <param name="reasonsPatience">Ends a call sooner, once every server has said or shown why it does not serve; null: it keeps
    /// trying.</param>
    public MultiEndpointInvoker(IEnumerable<string> addresses, TlsMaterial? tls = null, TimeSpan? patience = null,
        TimeSpan? reasonsPatience = null)
    {
        _pool = new ChannelPool(tls);
        _patience = patience ?? TimeSpan.FromSeconds(10);
        _reasonsPatience = reasonsPatience;
        _addresses = Checked(addresses, tls is not null);
    }

    /// <summary>Where the next call goes first.</summary>
    public string CurrentAddress => Address(Volatile.Read(ref _current));

    /// <returns>The leader's address that a refusal named; null when it named none.</returns>
    public static string? LeaderOf(RpcException refusal) =>
        refusal.Trailers.GetValue(LeaderTrailer) is { Length: > 0 } address ? address : null;

    public override AsyncUnaryCall<TResponse> AsyncUnaryCall<TRequest, TResponse>(Method<TRequest, TResponse> method, string? host,
        CallOptions options, TRequest request)
    {
        var call = new RacedUnaryCall<TRequest, TResponse>(this, method, host, options, request);
        return new AsyncUnaryCall<TResponse>(call.RunAsync(), call.HeadersAsync, () => call.Status, () => call.Trailers, call.Dispose);
    }

    public override TResponse BlockingUnaryCall<TRequest, TResponse>(Method<TRequest, TResponse> method, string? host, CallOptions options,
        TRequest request)
    {
        using var call = AsyncUnaryCall(method, host, options, request);
        return call.ResponseAsync.GetAwaiter().GetResult();
    }

    public override AsyncServerStreamingCall<TResponse> AsyncServerStreamingCall<TRequest, TResponse>(Method<TRequest, TResponse> method,
        string? host, CallOptions options, TRequest request)
    {
        var stream = new RacedStream<TRequest, TResponse>(this, method, host, options, request).Start();
        return new AsyncServerStreamingCall<TResponse>(stream, stream.HeadersAsync, () => stream.Status, () => stream.Trailers,
            stream.Dispose);
    }

    public override AsyncClientStreamingCall<TRequest, TResponse> AsyncClientStreamingCall<TRequest, TResponse>(
        Method<TRequest, TResponse> method, string? host, CallOptions options)
    {
        var index = Volatile.Read(ref _current);
        var call = InvokerAt(index).AsyncClientStreamingCall(method, host, options);
        LeaveWhenUnavailable(call.ResponseHeadersAsync, index);
        return call;
    }

    public override AsyncDuplexStreamingCall<TRequest, TResponse> AsyncDuplexStreamingCall<TRequest, TResponse>(
        Method<TRequest, TResponse> method, string? host, CallOptions options)
    {
        var index = Volatile.Read(ref _current);
        var call = InvokerAt(index).AsyncDuplexStreamingCall(method, host, options);
        LeaveWhenUnavailable(call.ResponseHeadersAsync, index);
        return call;
    }

    internal CallInvoker InvokerAt(int index) => _pool.Get(Address(index)).CreateCallInvoker();

    /// <param name="deadline">Null: a call that may take as long as it needs; the patience then ends only what finds no server.</param>
    /// <param name="mayTakeLong">Silence says nothing: no other server is asked beside one that answers no health check yet.</param>
    internal EndpointRace<TCall> NewRace<TCall>(DateTime? deadline, bool mayTakeLong, Func<int, TCall> ask, CancellationToken givenUp)
        where TCall : class, IRacingCall
    {
        var now = DateTime.UtcNow;
        var reasonsUntil = deadline ?? now + _patience;
        var share = (reasonsUntil - now) / (_addresses.Length + 1);
        if (share > LongestShare) share = LongestShare;
        if (_reasonsPatience is { } limit && now + limit < reasonsUntil) reasonsUntil = now + limit;
        return new EndpointRace<TCall>(_addresses, Volatile.Read(ref _current),
            new RaceTime(mayTakeLong ? TimeSpan.MaxValue : share, deadline ?? DateTime.MaxValue, reasonsUntil), ask, givenUp);
    }

    /// <summary>
    /// Puts a server first that answers at all: a call that may take long cannot be told from one at a server that is frozen.
    /// </summary>
    internal async Task FindLiveAsync(CancellationToken givenUp)
    {
        var race = NewRace(DateTime.UtcNow + _patience, mayTakeLong: false, index => new RacingProbe(
            new Health.HealthClient(InvokerAt(index)).CheckAsync(new HealthCheckRequest(), cancellationToken: givenUp)), givenUp);
        var (probe, index) = await race.RunAsync().ConfigureAwait(false);
        probe.Dispose();
        StayWith(index);
    }

    internal void StayWith(int index) => Volatile.Write(ref _current, index);

    internal void Leave(int index) => Interlocked.CompareExchange(ref _current, (index + 1) % _addresses.Length, index);

    private string Address(int index) => _addresses[index];

    private void LeaveWhenUnavailable(Task<Metadata> headers, int index) => _ = headers.ContinueWith(
        t => { if (t.Exception?.InnerException is RpcException e && e.IsConnectionLost()) Leave(index); },
        CancellationToken.None, TaskContinuationOptions.OnlyOnFaulted | TaskContinuationOptions.ExecuteSynchronously,
            TaskScheduler.Default);

    private static string[] Checked(IEnumerable<string> addresses, bool secure)
    {
        var list = addresses.Distinct(StringComparer.Ordinal).ToArray();
        if (list.Length == 0) throw new RpcConfigurationException("no address is given: name at least one host:port");
        foreach (var address in list) RpcChannel.ToUri(address, secure);
        return list;
    }

    public void Dispose() => _pool.Dispose();
}
