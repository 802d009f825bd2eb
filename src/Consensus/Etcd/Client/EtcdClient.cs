using Grpc.Core;
using Grpc.Net.Client;

namespace VideoScale.Consensus.Etcd.Client;

/// <summary>
/// Speaks to one of etcd's members at a time and goes on to the next when it does not answer. Logs in when a user is given, and again
/// when the token is refused. Whether a call may be repeated is its caller's business.
/// </summary>
internal sealed class EtcdClient : IDisposable
{
    private static readonly TimeSpan ConnectTimeout = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan PingDelay = TimeSpan.FromSeconds(10); // etcd takes offence at more than one in 5 s
    private static readonly TimeSpan PingTimeout = TimeSpan.FromSeconds(5);
    private readonly EtcdOptions _options;
    private readonly Endpoint[] _endpoints;
    private readonly SemaphoreSlim _login = new(1);
    private volatile string? _token;
    private int _at;

    private sealed record Endpoint(string Name, GrpcChannel Channel);

    internal EtcdClient(EtcdOptions options)
    {
        options.Check();
        _options = options;
        _endpoints = [.. options.Endpoints.Select(endpoint => new Endpoint(endpoint, Open(options, options.ToUri(endpoint))))];
        _at = Random.Shared.Next(_endpoints.Length); // not all replicas at one member
    }

    /// <summary>How long one call may take before its outcome is open.</summary>
    internal TimeSpan CallLimit { get; init; } = TimeSpan.FromSeconds(3);

    internal Task<TxnResponse> TxnAsync(TxnRequest request, CancellationToken cancellationToken) =>
        CallAsync((channel, options) => new KV.KVClient(channel).TxnAsync(request, options), cancellationToken);

    internal Task<RangeResponse> RangeAsync(RangeRequest request, CancellationToken cancellationToken) =>
        CallAsync((channel, options) => new KV.KVClient(channel).RangeAsync(request, options), cancellationToken);

    internal Task<CompactionResponse> CompactAsync(long revision, CancellationToken cancellationToken) => CallAsync((channel, options) =>
        new KV.KVClient(channel).CompactAsync(new CompactionRequest { Revision = revision }, options), cancellationToken);

    internal async Task<long> GrantLeaseAsync(long seconds, CancellationToken cancellationToken) => (await CallAsync((channel, options) =>
        new Lease.LeaseClient(channel).LeaseGrantAsync(new LeaseGrantRequest { TTL = seconds }, options), cancellationToken)).ID;

    internal Task<LeaseRevokeResponse> RevokeLeaseAsync(long lease, CancellationToken cancellationToken) => CallAsync((channel, options) =>
        new Lease.LeaseClient(channel).LeaseRevokeAsync(new LeaseRevokeRequest { ID = lease }, options), cancellationToken);

    internal Task<StatusResponse> StatusAsync(CancellationToken cancellationToken) => CallAsync(static (channel, options) =>
        new Maintenance.MaintenanceClient(channel).StatusAsync(new StatusRequest(), options), cancellationToken);

    /// <returns>False when the lease is gone.</returns>
    internal Task<bool> KeepAliveAsync(long lease, CancellationToken cancellationToken) => TryAsync(async (endpoint, options) =>
    {
        using var call = new Lease.LeaseClient(endpoint.Channel).LeaseKeepAlive(options);
        await call.RequestStream.WriteAsync(new LeaseKeepAliveRequest { ID = lease }, options.CancellationToken);
        var alive = await call.ResponseStream.MoveNext(options.CancellationToken) && call.ResponseStream.Current.TTL > 0;
        await call.RequestStream.CompleteAsync();
        return alive;
    }, cancellationToken);

    /// <summary>All that happens to the keys of a range from a revision on, in order of revisions, until it breaks.</summary>
    /// <exception cref="EtcdException">It broke.</exception>
    internal async IAsyncEnumerable<WatchResponse> WatchAsync(WatchCreateRequest request,
        [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var endpoint = Current;
        var headers = await LimitedAsync(endpoint, limit => HeadersAsync(endpoint, limit), cancellationToken);
        using var call = new Watch.WatchClient(endpoint.Channel).Watch(new CallOptions(headers, cancellationToken: cancellationToken));
        await GuardAsync(endpoint, () => call.RequestStream.WriteAsync(new WatchRequest { CreateRequest = request }, cancellationToken),
            cancellationToken);
        while (await GuardAsync(endpoint, () => call.ResponseStream.MoveNext(cancellationToken), cancellationToken))
            yield return call.ResponseStream.Current;
        Leave(endpoint);
        throw new EtcdException(EtcdFault.NoAnswer, $"etcd at {endpoint.Name} ended the watch");
    }

    public void Dispose()
    {
        foreach (var endpoint in _endpoints) endpoint.Channel.Dispose();
        _login.Dispose();
    }

    private Endpoint Current => _endpoints[(int)((uint)Volatile.Read(ref _at) % (uint)_endpoints.Length)];

    /// <summary>The next call goes to the next member, unless somebody has gone on already.</summary>
    private void Leave(Endpoint endpoint)
    {
        var at = Volatile.Read(ref _at);
        if (_endpoints[(int)((uint)at % (uint)_endpoints.Length)] == endpoint) Interlocked.CompareExchange(ref _at, at + 1, at);
    }

    private Task<T> CallAsync<T>(Func<GrpcChannel, CallOptions, AsyncUnaryCall<T>> call, CancellationToken cancellationToken) =>
        TryAsync(async (endpoint, options) => await call(endpoint.Channel, options), cancellationToken);

    private async Task<T> TryAsync<T>(Func<Endpoint, CallOptions, Task<T>> call, CancellationToken cancellationToken)
    {
        for (var attempt = 0; ; attempt++)
        {
            var endpoint = Current;
            var token = _token;
            try
            {
                return await LimitedAsync(endpoint, async limit =>
                    await call(endpoint, new CallOptions(await HeadersAsync(endpoint, limit), cancellationToken: limit)),
                    cancellationToken);
            }
            // The token's time is up, or its users changed: nothing was carried out, so a new token may try again.
            catch (EtcdException e) when (e.Fault == EtcdFault.TokenRefused && attempt == 0 && _options.User.Length > 0)
            {
                if (ReferenceEquals(_token, token)) _token = null;
            }
        }
    }

    private Task<T> LimitedAsync<T>(Endpoint endpoint, Func<CancellationToken, Task<T>> call, CancellationToken cancellationToken) =>
        GuardAsync(endpoint, async () =>
        {
            using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            limit.CancelAfter(CallLimit);
            return await call(limit.Token);
        }, cancellationToken);

    /// <summary>Says in our words what went wrong, and leaves a member that did not answer.</summary>
    private async Task<T> GuardAsync<T>(Endpoint endpoint, Func<Task<T>> call, CancellationToken cancellationToken)
    {
        EtcdException failed;
        try { return await call(); }
        catch (RpcException e)
        {
            cancellationToken.ThrowIfCancellationRequested();
            failed = EtcdException.Of(e, endpoint.Name);
        }
        catch (OperationCanceledException e) when (!cancellationToken.IsCancellationRequested)
        {
            failed = new EtcdException(EtcdFault.NoAnswer, $"no answer of etcd at {endpoint.Name} within {CallLimit.TotalSeconds:0.#} s",
                e);
        }
        catch (Exception e) when (e is InvalidOperationException or ObjectDisposedException or IOException)
        {
            failed = new EtcdException(EtcdFault.NoAnswer, $"the call to etcd at {endpoint.Name} broke: {e.Message}", e);
        }
        if (failed.Fault == EtcdFault.NoAnswer) Leave(endpoint);
        throw failed;
    }

    private Task<bool> GuardAsync(Endpoint endpoint, Func<Task> call, CancellationToken cancellationToken) =>
        GuardAsync(endpoint, async () =>
    {
        await call();
        return true;
    }, cancellationToken);

    private async Task<Metadata> HeadersAsync(Endpoint endpoint, CancellationToken cancellationToken)
    {
        // A member that has no leader says so at once, and ends watches, instead of keeping us waiting.
        var headers = new Metadata { { "hasleader", "true" } };
        if (_options.User.Length == 0) return headers;
        headers.Add("token", _token ?? await LogInAsync(endpoint, cancellationToken));
        return headers;
    }

    private async Task<string> LogInAsync(Endpoint endpoint, CancellationToken cancellationToken)
    {
        await _login.WaitAsync(cancellationToken);
        try
        {
            if (_token is { } known) return known;
            var reply = await new Auth.AuthClient(endpoint.Channel).AuthenticateAsync(
                new AuthenticateRequest { Name = _options.User, Password = _options.Password }, cancellationToken: cancellationToken);
            return _token = reply.Token;
        }
        finally { _login.Release(); }
    }

    private static GrpcChannel Open(EtcdOptions options, Uri uri)
    {
        var handler = new SocketsHttpHandler
        {
            EnableMultipleHttp2Connections = true,
            ConnectTimeout = ConnectTimeout,
            KeepAlivePingDelay = PingDelay,
            KeepAlivePingTimeout = PingTimeout,
            KeepAlivePingPolicy = HttpKeepAlivePingPolicy.WithActiveRequests,
            PooledConnectionIdleTimeout = Timeout.InfiniteTimeSpan,
            UseProxy = false,
            AllowAutoRedirect = false,
        };
        if (uri.Scheme == "https") handler.SslOptions = EtcdTls.Of(options, uri.Host);
        return GrpcChannel.ForAddress(uri, new GrpcChannelOptions
        {
            HttpHandler = handler,
            DisposeHttpClient = true,
            MaxReceiveMessageSize = 512 << 20, // a watch that was behind gets much at a time; what etcd holds bounds it
            MaxSendMessageSize = null,
            MaxRetryAttempts = null,
        });
    }
}
