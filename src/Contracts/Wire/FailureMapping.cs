using Grpc.Core;
using VideoScale.Model;

namespace VideoScale.Wire;

/// <summary>An expected refusal as a gRPC status: the one place where the two meet.</summary>
public static class FailureMapping
{
    public static RpcException ToRpcException(this Failure failure) => new(new Status(failure.Code.ToStatusCode(), failure.Message));

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
