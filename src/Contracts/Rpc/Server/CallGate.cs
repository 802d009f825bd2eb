using System.Collections.Frozen;
using System.Diagnostics;
using System.Globalization;
using Grpc.AspNetCore.Server;
using Grpc.Core;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Logging;

namespace VideoScale.Rpc;

/// <summary>
/// Every call passes here before anything of its body is read: who calls, may they, until when, and how did it end.
/// One middleware for all of it: each interceptor of grpc-dotnet costs a state machine per call, and runs only after the request was
/// parsed.
/// </summary>
internal sealed partial class CallGate
{
    private const string GrpcContentType = "application/grpc";
    private const string TimeoutHeader = "grpc-timeout";
    private const string StatusHeader = "grpc-status";
    private const string MessageHeader = "grpc-message";

    private readonly RequestDelegate _next;
    private readonly EndpointDataSource _endpoints;
    private readonly RpcServerOptions _options;
    private readonly Authenticator _authenticator;
    private readonly RpcMetrics _metrics;
    private readonly ILogger<CallGate> _logger;
    private readonly string _defaultTimeout;
    private volatile FrozenDictionary<string, RpcMethod>? _methods;
    private long _nextDenialLogTicks;

    public CallGate(RequestDelegate next, EndpointDataSource endpoints, RpcServerOptions options, Authenticator authenticator,
        RpcMetrics metrics, ILogger<CallGate> logger)
    {
        _next = next;
        _endpoints = endpoints;
        _options = options;
        _authenticator = authenticator;
        _metrics = metrics;
        _logger = logger;
        _defaultTimeout = ((long)Math.Ceiling(options.DefaultDeadline.TotalMilliseconds)).ToString(CultureInfo.InvariantCulture) + "m";
    }

    public Task InvokeAsync(HttpContext http)
    {
        var request = http.Request;
        if (request.ContentType is not { } type || !type.StartsWith(GrpcContentType, StringComparison.OrdinalIgnoreCase))
            return _next(http);
        // A method that nobody serves is answered by the framework with UNIMPLEMENTED.
        if (!(_methods ?? FindMethods()).TryGetValue(request.Path.Value ?? "", out var method)) return _next(http);

        if (_authenticator.Authenticate(http, out var problem) is not { } caller)
            return Deny(http, method, StatusCode.Unauthenticated, problem);
        if (!caller.Satisfies(method.RequiredRole)) return DenyRole(http, method, caller);
        http.Features.Set(caller);
        if (method.IsUnary && !request.Headers.ContainsKey(TimeoutHeader)) request.Headers[TimeoutHeader] = _defaultTimeout;
        return ServeAsync(http, method, caller);
    }

    private async Task ServeAsync(HttpContext http, RpcMethod method, Caller caller)
    {
        var started = Stopwatch.GetTimestamp();
        method.Begin();
        var status = StatusCode.Unknown;
        try
        {
            await _next(http).ConfigureAwait(false);
            status = StatusOf(http);
        }
        finally
        {
            method.End(status);
            var elapsedMs = Stopwatch.GetElapsedTime(started).TotalMilliseconds;
            if (_metrics.DurationMs.Enabled) _metrics.DurationMs.Record(elapsedMs, method.Tag, RpcMetrics.StatusTags[(int)status]);
            if (_logger.IsEnabled(LogLevel.Debug)) LogServed(method.Name, caller.Subject, status, elapsedMs);
        }
    }

    /// <summary>
    /// What grpc-dotnet wrote: in the trailers, or in the headers when there was no message; nothing when the client went away.
    /// </summary>
    private static StatusCode StatusOf(HttpContext http)
    {
        var headers = http.Response.Headers;
        if (!headers.TryGetValue(StatusHeader, out var text)
            && http.Features.Get<IHttpResponseTrailersFeature>()?.Trailers.TryGetValue(StatusHeader, out text) != true)
            return http.RequestAborted.IsCancellationRequested ? StatusCode.Cancelled : StatusCode.Unknown;
        return text is [{ } one] && int.TryParse(one, NumberStyles.None, CultureInfo.InvariantCulture, out var code)
            && code < RpcMetrics.StatusTags.Length ? (StatusCode)code : StatusCode.Unknown;
    }

    private Task DenyRole(HttpContext http, RpcMethod method, Caller caller)
    {
        if (caller.Role == Role.Anonymous)
            return Deny(http, method, StatusCode.Unauthenticated,
                $"{method.Name} needs role {method.RequiredRole}: send metadata \"authorization: Bearer TOKEN\", or connect with a "
                + $"client certificate");
        var why = $"{method.Name} needs role {method.RequiredRole}; {caller.Subject} has role {caller.Role}";
        _options.OnDenied(caller, method.Name[(method.Name.LastIndexOf('/') + 1)..], why);
        return Deny(http, method, StatusCode.PermissionDenied, why);
    }

    private Task Deny(HttpContext http, RpcMethod method, StatusCode status, string message)
    {
        method.Begin();
        method.End(status);
        _metrics.Denied.Add(1, method.Tag, RpcMetrics.StatusTags[(int)status]);
        // A flood of refusals must not become a flood of lines.
        var now = Environment.TickCount64;
        if (now >= Interlocked.Read(ref _nextDenialLogTicks))
        {
            Interlocked.Exchange(ref _nextDenialLogTicks, now + 1000);
            LogDenied(http.Connection.RemoteIpAddress, status, message);
        }
        http.Response.ContentType = GrpcContentType;
        http.Response.Headers[StatusHeader] = ((int)status).ToString(CultureInfo.InvariantCulture);
        http.Response.Headers[MessageHeader] = StatusMessage.Encode(message);
        return Task.CompletedTask;
    }

    private FrozenDictionary<string, RpcMethod> FindMethods()
    {
        lock (_metrics)
        {
            if (_methods is { } done) return done;
            var found = new Dictionary<string, RpcMethod>(StringComparer.Ordinal);
            foreach (var endpoint in _endpoints.Endpoints)
                if (endpoint.Metadata.GetMetadata<GrpcMethodMetadata>() is { } method)
                    found.TryAdd(method.Method.FullName, new RpcMethod(method, endpoint.Metadata, _options.RequiredRoles));
            var frozen = found.ToFrozenDictionary(StringComparer.Ordinal);
            _metrics.Observe(frozen.Values);
            return _methods = frozen;
        }
    }

    [LoggerMessage(1101, LogLevel.Debug, "{Method} for {Subject}: {Status} in {ElapsedMs:0.000} ms")]
    private partial void LogServed(string method, string subject, StatusCode status, double elapsedMs);

    [LoggerMessage(1102, LogLevel.Warning, "Refused a call from {Address}: {Status}, {Reason} (at most one such line a second)")]
    private partial void LogDenied(System.Net.IPAddress? address, StatusCode status, string reason);
}
