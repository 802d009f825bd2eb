using Grpc.Core;
using VideoScale.Rpc;

namespace VideoScale.ControlPlane.Host.Replication;

/// <summary>
/// What the way of a call to the leader needs to know of it, whether it came over the network or was made in this process.
/// </summary>
/// <param name="Method">Without its service.</param>
public sealed record IncomingCall(string Method, Caller Caller, DateTime Deadline, CancellationToken CancellationToken)
{
    private const string AuthorizationHeader = "authorization", TraceHeader = "traceparent";
    private const int MaxTraceLength = 128;

    /// <summary>As it was presented, to be passed on; null where this replica speaks for the caller.</summary>
    public string? Authorization { get; init; }

    /// <summary>W3C trace context; may be empty.</summary>
    public string Traceparent { get; init; } = "";

    /// <summary>Another replica sent it here: it is never sent on again.</summary>
    public bool IsForwarded { get; init; }

    public static IncomingCall Of(ServerCallContext context) =>
        new(MethodOf(context.Method), context.GetCaller(), context.Deadline, context.CancellationToken)
        {
            Authorization = context.RequestHeaders.GetValue(AuthorizationHeader),
            Traceparent = context.RequestHeaders.GetValue(TraceHeader) is { Length: <= MaxTraceLength } trace ? trace : "",
            IsForwarded = context.RequestHeaders.Get(LeaderForwarder.ForwardedHeader) is not null,
        };

    private static string MethodOf(string fullName) => fullName[(fullName.LastIndexOf('/') + 1)..];
}
