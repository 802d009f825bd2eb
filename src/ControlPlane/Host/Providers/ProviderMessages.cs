using System.Text.Json;
using System.Text.Json.Serialization;

namespace VideoScale.ControlPlane.Host.Providers;

/// <summary>What is said to a webhook or a script, and what it answers; the same JSON for both. See docs/providers.md.</summary>
/// <param name="Action">launch, terminate or list.</param>
/// <param name="Key">Of launch and terminate.</param>
/// <param name="Region">Of launch.</param>
/// <param name="Id">Of terminate: what the provider called it; empty when it never said.</param>
public sealed record ProviderRequest(
    string? Action, string? Cluster, string? Pool, string? Key = null, string? Region = null, string? Id = null)
{
    public const string Launch = "launch", Terminate = "terminate", List = "list";
}

/// <param name="Id">Of launch.</param>
/// <param name="Instances">Of list.</param>
/// <param name="Error">One of transient, throttled, no_capacity, quota, bad_spec, denied.</param>
/// <param name="RetryAfterSeconds">With an error.</param>
public sealed record ProviderReply(
    string? Id = null, IReadOnlyList<ProviderReply.Listed>? Instances = null, string? Error = null, string? Message = null,
    double? RetryAfterSeconds = null)
{
    public sealed record Listed(string? Key, string? Id);
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(ProviderRequest))]
[JsonSerializable(typeof(ProviderReply))]
public sealed partial class ProviderJson : JsonSerializerContext
{
    private const int MostShown = 200;

    /// <summary>For a provider.</summary>
    /// <exception cref="JsonException">It is none.</exception>
    public static ProviderRequest ReadRequest(ReadOnlySpan<byte> body) =>
        JsonSerializer.Deserialize(body, Default.ProviderRequest) ?? throw new JsonException("the body is null");

    /// <summary>For a provider.</summary>
    public static byte[] Write(ProviderReply reply) => JsonSerializer.SerializeToUtf8Bytes(reply, Default.ProviderReply);

    internal static byte[] Write(ProviderRequest request) => JsonSerializer.SerializeToUtf8Bytes(request, Default.ProviderRequest);

    /// <exception cref="ProviderException">It is no reply, or one that says no.</exception>
    internal static ProviderReply Read(ReadOnlySpan<byte> body)
    {
        ProviderReply? reply;
        try { reply = JsonSerializer.Deserialize(body, Default.ProviderReply); }
        catch (JsonException e)
        {
            throw new ProviderException(ProviderError.Unknown, $"what it answered is no reply: {Shown(body)}", inner: e);
        }
        if (reply is null) throw new ProviderException(ProviderError.Unknown, "it answered null");
        if (reply.Error is not { } error) return reply;
        throw new ProviderException(KindOf(error), $"{error}{(reply.Message is { Length: > 0 } why ? $": {why}" : "")}",
            reply.RetryAfterSeconds is { } seconds and >= 0 and < 1e6 ? TimeSpan.FromSeconds(seconds) : null);
    }

    private static string Shown(ReadOnlySpan<byte> body) =>
        System.Text.Encoding.UTF8.GetString(body[..Math.Min(body.Length, MostShown)]).ReplaceLineEndings(" ");

    private static ProviderError KindOf(string error) => error switch
    {
        "transient" => ProviderError.Transient,
        "throttled" => ProviderError.Throttled,
        "no_capacity" => ProviderError.NoCapacity,
        "quota" => ProviderError.Quota,
        "bad_spec" => ProviderError.BadSpec,
        "denied" => ProviderError.Denied,
        _ => ProviderError.Unknown,
    };
}
