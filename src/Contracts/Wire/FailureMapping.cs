using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Google.Rpc;
using Grpc.Core;
using VideoScale.Model;

namespace VideoScale.Wire;

/// <summary>An expected refusal as a gRPC status: the one place where the two meet.</summary>
public static class FailureMapping
{
    /// <summary>When it is known when to ask again, it goes along as google.rpc.RetryInfo.</summary>
    public static RpcException ToRpcException(this Failure failure)
    {
        var code = failure.Code.ToStatusCode();
        if (failure.RetryAfterMs <= 0) return new(new Grpc.Core.Status(code, failure.Message));
        var retry = new RetryInfo { RetryDelay = Duration.FromTimeSpan(TimeSpan.FromMilliseconds(failure.RetryAfterMs)) };
        return new Google.Rpc.Status { Code = (int)code, Message = failure.Message, Details = { Any.Pack(retry) } }.ToRpcException();
    }

    /// <summary>When whoever was refused may ask again; null when the refusal does not say.</summary>
    public static TimeSpan? RetryAfter(this RpcException refused) =>
        refused.GetRpcStatus()?.GetDetail<RetryInfo>()?.RetryDelay?.ToTimeSpan();

    public static StatusCode ToStatusCode(this FailureCode code) => code switch
    {
        FailureCode.InvalidArgument => StatusCode.InvalidArgument,
        FailureCode.NotFound => StatusCode.NotFound,
        FailureCode.AlreadyExists => StatusCode.AlreadyExists,
        FailureCode.FailedPrecondition => StatusCode.FailedPrecondition,
        FailureCode.ResourceExhausted => StatusCode.ResourceExhausted,
        FailureCode.PermissionDenied => StatusCode.PermissionDenied,
        FailureCode.OutOfRange => StatusCode.OutOfRange,
        FailureCode.Unavailable => StatusCode.Unavailable,
        _ => throw new InvariantViolation($"failure code {code} has no status"),
    };
}
