using System.Globalization;
using Grpc.Core;
using LiveKit.Proto;
using Microsoft.AspNetCore.Http;
using VideoScale.Gateway.Signalling;

namespace VideoScale.Gateway.Whip;

/// <summary>What is answered over HTTP.</summary>
/// <param name="Body">A description, or one line that says what is wrong.</param>
internal sealed record WhipReply(int Status, string Body, string MediaType = "text/plain; charset=utf-8")
{
    /// <summary>Names of headers and their values; a name may stand more than once.</summary>
    internal IReadOnlyList<(string Name, string Value)> Headers { get; init; } = [];

    internal WhipReply With(string name, string value) => this with { Headers = [.. Headers, (name, value)] };

    internal WhipReply RetryAfter(TimeSpan wait) =>
        With("Retry-After", Math.Max(1, (long)Math.Ceiling(wait.TotalSeconds)).ToString(CultureInfo.InvariantCulture));

    /// <summary>RFC 9725 §4.6.</summary>
    internal WhipReply WithIceServers(ICEServer servers) => servers.Urls.Aggregate(this, (reply, url) =>
        reply.With("Link", $"<{url}>; rel=\"ice-server\"; username=\"{servers.Username}\"; credential=\"{servers.Credential}\"; "
            + "credential-type=\"password\""));

    internal static WhipReply Empty(int status) => new(status, "", "");

    /// <summary>A bearer that is not let in.</summary>
    internal static WhipReply Refused(int status, string problem)
    {
        var reply = new WhipReply(status, problem);
        return status == StatusCodes.Status401Unauthorized ? reply.With("WWW-Authenticate", "Bearer") : reply;
    }

    /// <summary>Caps are waited out; what another replica, or this one in a moment, may do is unavailable here and now.</summary>
    internal static WhipReply Of(SessionRefusal refusal) => refusal.Status switch
    {
        StatusCode.ResourceExhausted => new WhipReply(StatusCodes.Status429TooManyRequests, refusal.Why)
            .RetryAfter(refusal.RetryAfter ?? Full),
        StatusCode.InvalidArgument => new WhipReply(StatusCodes.Status400BadRequest, refusal.Why),
        StatusCode.PermissionDenied => new WhipReply(StatusCodes.Status403Forbidden, refusal.Why),
        StatusCode.NotFound => new WhipReply(StatusCodes.Status404NotFound, refusal.Why),
        StatusCode.AlreadyExists => new WhipReply(StatusCodes.Status409Conflict, refusal.Why),
        _ => Unavailable(refusal.Why, refusal.RetryAfter),
    };

    internal static WhipReply Unavailable(string why, TimeSpan? retryAfter = null) =>
        new WhipReply(StatusCodes.Status503ServiceUnavailable, why).RetryAfter(retryAfter ?? Soon);

    /// <summary>A cap of which nobody knows when it is no longer reached.</summary>
    private static readonly TimeSpan Full = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(1);

    internal async Task WriteAsync(HttpContext context)
    {
        context.Response.StatusCode = Status;
        foreach (var (name, value) in Headers) context.Response.Headers.Append(name, value);
        if (MediaType.Length == 0) return;
        context.Response.ContentType = MediaType;
        if (!HttpMethods.IsHead(context.Request.Method)) await context.Response.WriteAsync(Body);
    }
}
