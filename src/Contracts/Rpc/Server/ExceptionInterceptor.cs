using Grpc.Core;
using Grpc.Core.Interceptors;
using Microsoft.Extensions.Logging;

namespace VideoScale.Rpc;

/// <summary>What a handler throws becomes a status that tells no secrets; our own bugs end the process.</summary>
internal sealed partial class ExceptionInterceptor(RpcServerOptions options, ILogger<ExceptionInterceptor> logger) : Interceptor
{
    private int _fatal;

    public override async Task<TResponse> UnaryServerHandler<TRequest, TResponse>(TRequest request, ServerCallContext context,
        UnaryServerMethod<TRequest, TResponse> continuation)
    {
        try { return await continuation(request, context).ConfigureAwait(false); }
        catch (Exception e) when (e is not RpcException) { throw ToRpcException(e, context); }
    }

    public override async Task<TResponse> ClientStreamingServerHandler<TRequest, TResponse>(
        IAsyncStreamReader<TRequest> requestStream, ServerCallContext context,
            ClientStreamingServerMethod<TRequest, TResponse> continuation)
    {
        try { return await continuation(requestStream, context).ConfigureAwait(false); }
        catch (Exception e) when (e is not RpcException) { throw ToRpcException(e, context); }
    }

    public override async Task ServerStreamingServerHandler<TRequest, TResponse>(
        TRequest request, IServerStreamWriter<TResponse> responseStream, ServerCallContext context,
            ServerStreamingServerMethod<TRequest, TResponse> continuation)
    {
        try { await continuation(request, responseStream, context).ConfigureAwait(false); }
        catch (Exception e) when (e is not RpcException) { throw ToRpcException(e, context); }
    }

    public override async Task DuplexStreamingServerHandler<TRequest, TResponse>(
        IAsyncStreamReader<TRequest> requestStream, IServerStreamWriter<TResponse> responseStream, ServerCallContext context,
            DuplexStreamingServerMethod<TRequest, TResponse> continuation)
    {
        try { await continuation(requestStream, responseStream, context).ConfigureAwait(false); }
        catch (Exception e) when (e is not RpcException) { throw ToRpcException(e, context); }
    }

    private RpcException ToRpcException(Exception exception, ServerCallContext context)
    {
        if (options.IsFatal(exception))
        {
            LogFatal(exception, context.Method);
            if (Interlocked.Exchange(ref _fatal, 1) == 0) options.OnFatal(exception);
            return HandlerFault.StoppedForEver();
        }
        if (context.CancellationToken.IsCancellationRequested)
            return context.Deadline < DateTime.UtcNow ? HandlerFault.DeadlinePassed() : HandlerFault.Cancelled();
        if (exception is OperationCanceledException) return HandlerFault.GivenUp();
        LogUnexpected(exception, context.Method);
        return HandlerFault.Unexpected();
    }

    [LoggerMessage(1103, LogLevel.Error, "{Method} failed in a way it should not")]
    private partial void LogUnexpected(Exception exception, string method);

    [LoggerMessage(1104, LogLevel.Critical, "{Method} broke a law of this program: the process ends")]
    private partial void LogFatal(Exception exception, string method);
}
