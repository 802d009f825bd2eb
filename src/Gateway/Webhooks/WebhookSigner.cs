using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.IdentityModel.Tokens;
using VideoScale.Gateway.Tokens;

namespace VideoScale.Gateway.Webhooks;

/// <summary>
/// How a receiver knows that a webhook is ours: a token by an API key, with the body's digest in it. LiveKit's receivers take it from the
/// Authorization header as it is, without a scheme before it.
/// </summary>
public sealed class WebhookSigner(ApiKey key, TimeProvider clock)
{
    /// <summary>As LiveKit's server does.</summary>
    private static readonly TimeSpan Validity = TimeSpan.FromMinutes(5);

    /// <summary>Of a receiver whose clock is behind ours.</summary>
    private static readonly TimeSpan Tolerance = TimeSpan.FromMinutes(1);

    private static readonly string Header = Base64UrlEncoder.Encode("""{"alg":"HS256","typ":"JWT"}""");
    private readonly byte[] _secret = Encoding.UTF8.GetBytes(key.Secret);

    public string Sign(ReadOnlySpan<byte> body)
    {
        var now = clock.GetUtcNow();
        var claims = new WebhookClaims(key.Key, (now - Tolerance).ToUnixTimeSeconds(), (now + Validity).ToUnixTimeSeconds(),
            Convert.ToBase64String(SHA256.HashData(body)));
        var payload = JsonSerializer.SerializeToUtf8Bytes(claims, WebhookClaimsJson.Default.WebhookClaims);
        var signed = $"{Header}.{Base64UrlEncoder.Encode(payload)}";
        return $"{signed}.{Base64UrlEncoder.Encode(HMACSHA256.HashData(_secret, Encoding.UTF8.GetBytes(signed)))}";
    }
}

/// <param name="Sha256">Base64 of the body's SHA-256.</param>
internal sealed record WebhookClaims(string Iss, long Nbf, long Exp, string Sha256);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(WebhookClaims))]
internal sealed partial class WebhookClaimsJson : JsonSerializerContext;
