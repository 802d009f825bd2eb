using Grpc.Core;

namespace VideoScale.Rpc;

public static class ConnectionLoss
{
    /// <summary>
    /// Whether the peer was not there, went away or says UNAVAILABLE: the call may be repeated, here or elsewhere, with the same
    /// request_id.
    /// </summary>
    /// <remarks>
    /// A connection that dies under a call, also by an unanswered keepalive ping, comes out of the HTTP client as INTERNAL; a failed TLS
    /// handshake does too, but asking again would not mend it.
    /// </remarks>
    public static bool IsConnectionLost(this RpcException exception) => exception.StatusCode switch
    {
        StatusCode.Unavailable => true,
        StatusCode.Internal => exception.Status.DebugException switch
        {
            HttpRequestException e => e.HttpRequestError != HttpRequestError.SecureConnectionError,
            IOException => true,
            _ => false,
        },
        _ => false,
    };
}
