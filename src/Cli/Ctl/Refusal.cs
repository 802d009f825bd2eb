using System.Security.Authentication;
using Grpc.Core;
using VideoScale.Cli.CommandLine;
using VideoScale.Rpc;

namespace VideoScale.Cli.Ctl;

/// <summary>What a failed call means to the person who made it.</summary>
internal static class Refusal
{
    internal static int ExitCodeOf(RpcException e) =>
        IsUnanswered(e.StatusCode) || Handshake(e) is not null ? Exit.UsageOrUnreachable : Exit.Refused;

    internal static string Describe(RpcException e, CtlSession session) => e.StatusCode switch
    {
        _ when Handshake(e) is { } handshake => $"no connection, TLS: {handshake.Message}",
        StatusCode.Unavailable or StatusCode.DeadlineExceeded or StatusCode.Cancelled => Unserved(e, session),
        StatusCode.Unauthenticated =>
            $"not let in: {e.Status.Detail}\nGive a token (--token, VIDEOSCALE_TOKEN) or a certificate (--cert, --key, --ca).",
        StatusCode.PermissionDenied => $"refused, PERMISSION_DENIED: {e.Status.Detail}",
        StatusCode.Unimplemented =>
            $"the server does not know this call ({e.Status.Detail}): is it a VideoScale replica's gRPC port, of this version?",
        _ => $"refused, {ToWireName(e.StatusCode)}: {e.Status.Detail}",
    };

    /// <summary>
    /// What every replica said, or how it was silent. Only where none said anything is it worth asking whether this is the right place.
    /// </summary>
    private static string Unserved(RpcException e, CtlSession session)
    {
        var repeat = session.MayHaveChanged
            ? $"\nThe outcome is unknown: repeat it with --request-id {session.RequestId}, which never does it twice." : "";
        if (e.Status.DebugException is not NoEndpointServedException none)
            return $"{ToWireName(e.StatusCode)}: {e.Status.Detail}{repeat}";
        if (none.Failures.Any(failure => failure.Answered))
            return $"{ToWireName(e.StatusCode)}: no replica could do it\n{Lines(none)}{repeat}";
        return $"no answer from {string.Join(", ", none.Failures.Select(failure => failure.Address))}\n{Lines(none)}\n" +
            $"Is it running (`videoscale up`)? Are these its addresses (--server)?{repeat}";
    }

    private static string Lines(NoEndpointServedException none) => string.Join('\n', none.Failures.Select(failure => $"  {failure}"));

    /// <summary>Why there is no connection that anybody could answer on.</summary>
    private static AuthenticationException? Handshake(RpcException e) => e.Status.DebugException?.InnerException as AuthenticationException;

    private static bool IsUnanswered(StatusCode code) =>
        code is StatusCode.Unavailable or StatusCode.DeadlineExceeded or StatusCode.Cancelled or StatusCode.Unimplemented;

    /// <summary>FailedPrecondition → FAILED_PRECONDITION, as the protocol spells it.</summary>
    private static string ToWireName(StatusCode code) =>
        string.Concat(code.ToString().Select((c, i) => i > 0 && char.IsUpper(c) ? $"_{c}" : char.ToUpperInvariant(c).ToString()));
}
