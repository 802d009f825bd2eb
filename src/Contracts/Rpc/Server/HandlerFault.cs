using Grpc.Core;

namespace VideoScale.Rpc;

/// <summary>What a caller is told whose call ended by no refusal: statuses that tell no secrets.</summary>
public static class HandlerFault
{
    private const string Unknown = "the outcome is unknown, retry with the same request_id";

    /// <summary>A law of the program was broken, and the process ends.</summary>
    public static RpcException StoppedForEver() => New(StatusCode.Internal, $"this replica stopped: it found a fault in itself; {Unknown}");

    public static RpcException Cancelled() => New(StatusCode.Cancelled, "the call was cancelled");

    public static RpcException DeadlinePassed() => New(StatusCode.DeadlineExceeded, $"the deadline passed; {Unknown}");

    /// <summary>Cancelled, and not by its caller.</summary>
    public static RpcException GivenUp() => New(StatusCode.Unavailable, $"the server gave the call up (it may be stopping); {Unknown}");

    public static RpcException Unexpected() => New(StatusCode.Internal, "unexpected error; the server's log has the details");

    private static RpcException New(StatusCode code, string message) => new(new Status(code, message));
}
