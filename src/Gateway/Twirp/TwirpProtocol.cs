using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using Google.Protobuf;
using Grpc.Core;
using Microsoft.AspNetCore.Http;
using VideoScale.Model;

namespace VideoScale.Gateway.Twirp;

/// <summary>
/// Twirp, version 7 of its protocol, as LiveKit's own server speaks it: where a call goes, what its body is, and how answers and refusals
/// look.
/// </summary>
/// <remarks>JSON is read in either spelling of names and written as protojson does with proto names and unset fields.</remarks>
internal static class TwirpProtocol
{
    internal const string Prefix = "/twirp";
    internal const string RoomService = Prefix + "/livekit.RoomService/";
    private const int MostOctets = TextLimits.MaxApiBodyBytes;
    private const string Json = "application/json";
    private const string Binary = "application/protobuf";
    private static readonly JsonParser Parser = new(JsonParser.Settings.Default.WithIgnoreUnknownFields(true));
    private static readonly JsonFormatter Formatter = new(JsonFormatter.Settings.Default.WithFormatDefaultValues(true)
        .WithPreserveProtoFieldNames(true));

    /// <summary>A request's body, not read as any message yet.</summary>
    internal sealed record Body(byte[] Octets, bool IsJson)
    {
        /// <exception cref="TwirpException">It is not such a message.</exception>
        internal T As<T>() where T : class, IMessage<T>, new()
        {
            try
            {
                if (!IsJson) return new MessageParser<T>(static () => new T()).ParseFrom(Octets);
                var text = Encoding.UTF8.GetString(Octets);
                // what has only defaults is sent as nothing by some
                return text.AsSpan().Trim() is "" or "null" ? new T() : Parser.Parse<T>(text);
            }
            catch (Exception e) when (e is InvalidProtocolBufferException or InvalidJsonException or ArgumentException or FormatException
                or OverflowException)
            {
                throw TwirpException.Malformed($"the {(IsJson ? "json" : "protobuf")} request could not be decoded");
            }
        }
    }

    /// <summary>Null when the request may be a call: what it asks for, and in which format, is looked at before who asks.</summary>
    internal static TwirpException? CheckRoute(HttpRequest request, bool isKnown) =>
        !HttpMethods.IsPost(request.Method)
            ? TwirpException.BadRoute(request, $"unsupported method \"{request.Method}\" (only POST is allowed)")
        : !isKnown ? TwirpException.BadRoute(request, $"no handler for path \"{request.Path}\"")
        : MediaTypeOf(request) is not (Json or Binary)
            ? TwirpException.BadRoute(request, $"unexpected Content-Type: \"{request.ContentType}\"")
        : null;

    internal static async Task<Body> ReadAsync(HttpContext context)
    {
        if (context.Request.ContentLength > MostOctets) throw TooLarge();
        using var body = new MemoryStream();
        var part = new byte[8192];
        for (int read; (read = await context.Request.Body.ReadAsync(part, context.RequestAborted)) > 0;)
        {
            if (body.Length + read > MostOctets) throw TooLarge();
            body.Write(part, 0, read);
        }
        return new Body(body.ToArray(), MediaTypeOf(context.Request) == Json);
    }

    internal static Task AnswerAsync(HttpContext context, IMessage reply, bool asJson)
    {
        context.Response.ContentType = asJson ? Json : Binary;
        var octets = asJson ? Compact(Formatter.Format(reply)) : reply.ToByteArray();
        context.Response.ContentLength = octets.Length;
        return context.Response.Body.WriteAsync(octets, context.RequestAborted).AsTask();
    }

    internal static Task RefuseAsync(HttpContext context, TwirpException refusal)
    {
        context.Response.StatusCode = refusal.HttpStatus;
        if (refusal.RetryAfter is { } retryAfter)
            context.Response.Headers.RetryAfter = ((long)Math.Ceiling(retryAfter.TotalSeconds)).ToString(CultureInfo.InvariantCulture);
        context.Response.ContentType = Json;
        return context.Response.WriteAsync(
            JsonSerializer.Serialize(new TwirpError(refusal.Code, refusal.Message, refusal.Meta), GatewayJson.Default.TwirpError));
    }

    /// <summary>Without the blanks that the formatter puts between things: some look for the very text.</summary>
    private static byte[] Compact(string json)
    {
        var compact = new System.Buffers.ArrayBufferWriter<byte>(json.Length);
        using (var document = JsonDocument.Parse(json))
        using (var writer = new Utf8JsonWriter(compact, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
            document.WriteTo(writer);
        return compact.WrittenSpan.ToArray();
    }

    private static TwirpException TooLarge() =>
        TwirpException.Of(StatusCode.InvalidArgument, $"the body is larger than {MostOctets} octets");

    private static string MediaTypeOf(HttpRequest request)
    {
        var type = request.ContentType.AsSpan();
        var parameters = type.IndexOf(';');
        return (parameters < 0 ? type : type[..parameters]).Trim().ToString().ToLowerInvariant();
    }
}

/// <summary>A refusal over Twirp: a code as text, and the HTTP status that belongs to it.</summary>
internal sealed class TwirpException : Exception
{
    public TwirpException() : this("internal", 500, "") { }
    public TwirpException(string message) : this("internal", 500, message) { }
    public TwirpException(string message, Exception innerException) : base(message, innerException) =>
        (Code, HttpStatus) = ("internal", 500);

    private TwirpException(string code, int httpStatus, string message, Dictionary<string, string>? meta = null) : base(message) =>
        (Code, HttpStatus, Meta) = (code, httpStatus, meta);

    internal string Code { get; }
    internal int HttpStatus { get; }
    internal Dictionary<string, string>? Meta { get; }
    internal TimeSpan? RetryAfter { get; private init; }

    internal static TwirpException Malformed(string why) => new("malformed", 400, why);

    internal static TwirpException BadRoute(HttpRequest request, string why) =>
        new("bad_route", 404, why, new() { ["twirp_invalid_route"] = $"{request.Method} {request.Path}" });

    internal static TwirpException Of(StatusCode status, string why, TimeSpan? retryAfter = null)
    {
        var (code, http) = status switch
        {
            StatusCode.InvalidArgument => ("invalid_argument", 400),
            StatusCode.OutOfRange => ("out_of_range", 400),
            StatusCode.Unauthenticated => ("unauthenticated", 401),
            StatusCode.PermissionDenied => ("permission_denied", 403),
            StatusCode.NotFound => ("not_found", 404),
            StatusCode.DeadlineExceeded => ("deadline_exceeded", 408),
            StatusCode.AlreadyExists => ("already_exists", 409),
            StatusCode.Aborted => ("aborted", 409),
            StatusCode.FailedPrecondition => ("failed_precondition", 412),
            StatusCode.ResourceExhausted => ("resource_exhausted", 429),
            StatusCode.Unimplemented => ("unimplemented", 501),
            StatusCode.Unavailable or StatusCode.Cancelled => ("unavailable", 503),
            _ => ("internal", 500),
        };
        return new(code, http, why) { RetryAfter = retryAfter };
    }
}

internal sealed record TwirpError(string Code, string Msg, Dictionary<string, string>? Meta);

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(TwirpError))]
internal sealed partial class GatewayJson : JsonSerializerContext;
