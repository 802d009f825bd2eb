using System.Collections.Immutable;
using System.Text;
using System.Text.Json;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;
using VideoScale.ControlPlane.Host.Startup;
using VideoScale.ControlPlane.Tokens;

namespace VideoScale.ControlPlane.Host.Gateway;

/// <summary>Checks LiveKit tokens: HS256 JWTs whose issuer is an API key. What it does not know it refuses.</summary>
internal sealed class TokenVerifier(IEnumerable<ApiKeyOptions> keys)
{
    /// <summary>RFC 7518 §3.2: an HS256 key has at least 32 octets. HMAC pads shorter ones with zeros, so padding changes nothing but satisfies the library.</summary>
    private const int LeastKeyOctets = 32;
    private const int MostTokenLength = 16 * 1024;
    private static readonly TimeSpan Skew = TimeSpan.FromSeconds(60);

    private readonly Dictionary<string, SymmetricSecurityKey> _keys = keys.ToDictionary(key => key.Key, key => new SymmetricSecurityKey(Pad(key.Secret)), StringComparer.Ordinal);
    private readonly JsonWebTokenHandler _handler = new() { MaximumTokenSizeInBytes = MostTokenLength };

    /// <returns>The grants, or one line that says what is wrong with the token.</returns>
    internal async Task<(ParticipantGrants? Grants, string Problem)> VerifyAsync(string token)
    {
        if (token.Length == 0) return (null, "no token: send it as access_token, or as authorization: Bearer TOKEN");
        if (token.Length > MostTokenLength || !_handler.CanReadToken(token)) return (null, "invalid token");
        JsonWebToken parsed;
        try { parsed = _handler.ReadJsonWebToken(token); }
        catch (Exception e) when (e is ArgumentException or FormatException or SecurityTokenException) { return (null, "invalid token"); }
        if (!_keys.TryGetValue(parsed.Issuer, out var key)) return (null, "invalid API key");
        var result = await _handler.ValidateTokenAsync(parsed, new TokenValidationParameters
        {
            ValidIssuer = parsed.Issuer,
            ValidateAudience = false,
            IssuerSigningKey = key,
            ValidAlgorithms = [SecurityAlgorithms.HmacSha256],
            ClockSkew = Skew,
            RequireExpirationTime = true,
        });
        if (!result.IsValid) return (null, result.Exception is SecurityTokenExpiredException ? "token is expired" : result.Exception is SecurityTokenNotYetValidException ? "token is not valid yet" : "invalid token signature");
        try
        {
            using var payload = JsonDocument.Parse(Base64UrlEncoder.DecodeBytes(parsed.EncodedPayload));
            return (Read(payload.RootElement), "");
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or FormatException) { return (null, "the token's claims are not LiveKit's"); }
    }

    /// <summary>A token for the page; in development mode alone, where everyone is trusted.</summary>
    internal string Mint(string key, string room, string identity, DateTime until) => _handler.CreateToken(new SecurityTokenDescriptor
    {
        Issuer = key,
        Expires = until,
        Claims = new Dictionary<string, object>
        {
            ["sub"] = identity,
            ["name"] = identity,
            ["video"] = new Dictionary<string, object> { ["roomJoin"] = true, ["room"] = room, ["canUpdateOwnMetadata"] = true },
        },
        SigningCredentials = new SigningCredentials(_keys[key], SecurityAlgorithms.HmacSha256),
    });

    internal static ParticipantGrants Read(JsonElement claims)
    {
        var video = claims.TryGetProperty("video", out var found) && found.ValueKind == JsonValueKind.Object ? found : default;
        var canPublish = Flag(video, "canPublish", true);
        return new ParticipantGrants(Text(claims, "sub"), Text(claims, "name"), Text(claims, "metadata"), Pairs(claims), Text(video, "room"),
            Flag(video, "roomJoin", false), Flag(video, "roomCreate", false), Flag(video, "roomList", false), Flag(video, "roomAdmin", false),
            canPublish, Flag(video, "canSubscribe", true), Flag(video, "canPublishData", canPublish), Sources(video),
            Flag(video, "hidden", false), Flag(video, "recorder", false), Flag(video, "canUpdateOwnMetadata", false));
    }

    private static string Text(JsonElement from, string name) =>
        from.ValueKind == JsonValueKind.Object && from.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString()! : "";

    private static bool Flag(JsonElement from, string name, bool unset) =>
        from.ValueKind == JsonValueKind.Object && from.TryGetProperty(name, out var value) && value.ValueKind is JsonValueKind.True or JsonValueKind.False ? value.GetBoolean() : unset;

    private static ImmutableArray<(string, string)> Pairs(JsonElement claims) =>
        claims.TryGetProperty("attributes", out var attributes) && attributes.ValueKind == JsonValueKind.Object
            ? [.. attributes.EnumerateObject().Where(pair => pair.Value.ValueKind == JsonValueKind.String).Select(pair => (pair.Name, pair.Value.GetString()!))]
            : [];

    private static ImmutableArray<int> Sources(JsonElement video) =>
        video.ValueKind == JsonValueKind.Object && video.TryGetProperty("canPublishSources", out var sources) && sources.ValueKind == JsonValueKind.Array
            ? [.. sources.EnumerateArray().Where(source => source.ValueKind == JsonValueKind.String).Select(source => ParticipantGrants.SourceOf(source.GetString()!)).Where(source => source != 0)]
            : [];

    private static byte[] Pad(string secret)
    {
        var octets = Encoding.UTF8.GetBytes(secret);
        if (octets.Length < LeastKeyOctets) Array.Resize(ref octets, LeastKeyOctets);
        return octets;
    }
}
