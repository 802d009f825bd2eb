using System.Security.Authentication;
using Grpc.Core;
using VideoScale.Cli.CommandLine;

namespace VideoScale.Cli.Ctl;

/// <summary>What a failed call means to the person who made it.</summary>
internal static class Refusal
{
    internal static int ExitCodeOf(RpcException e) => IsUnanswered(e.StatusCode) ? Exit.UsageOrUnreachable : Exit.Refused;

    internal static string Describe(RpcException e, CtlSession session) => e.StatusCode switch
    {
        _ when e.Status.DebugException?.InnerException is AuthenticationException handshake => $"no connection, TLS: {handshake.Message}",
        StatusCode.Unavailable or StatusCode.DeadlineExceeded or StatusCode.Cancelled =>
            $"no answer from {string.Join(", ", session.Servers)}: {e.Status.Detail}\n" +
            "Is it running (`videoscale up`)? Are these its addresses (--server)? " +
            $"If this was a change, its outcome is unknown: repeat it with --request-id {session.RequestId}, which never does it twice.",
        StatusCode.Unauthenticated => $"not let in: {e.Status.Detail}\nGive a token (--token, VIDEOSCALE_TOKEN) or a certificate (--cert, --key, --ca).",
        StatusCode.PermissionDenied => $"refused, PERMISSION_DENIED: {e.Status.Detail}",
        StatusCode.Unimplemented => $"the server does not know this call ({e.Status.Detail}): is it a VideoScale replica's gRPC port, of this version?",
        _ => $"refused, {ToWireName(e.StatusCode)}: {e.Status.Detail}",
    };

    private static bool IsUnanswered(StatusCode code) => code is StatusCode.Unavailable or StatusCode.DeadlineExceeded or StatusCode.Cancelled or StatusCode.Unimplemented;

    /// <summary>FailedPrecondition → FAILED_PRECONDITION, as the protocol spells it.</summary>
    private static string ToWireName(StatusCode code) =>
        string.Concat(code.ToString().Select((c, i) => i > 0 && char.IsUpper(c) ? $"_{c}" : char.ToUpperInvariant(c).ToString()));
}
