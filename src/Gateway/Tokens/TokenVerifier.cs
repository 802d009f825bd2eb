using System.Text;
using System.Text.Json;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;

namespace VideoScale.Gateway.Tokens;

/// <summary>Checks LiveKit tokens: HS256 JWTs whose issuer is an API key. What it does not know it refuses.</summary>
internal sealed class TokenVerifier(IEnumerable<ApiKey> keys)
{
    /// <summary>
    /// RFC 7518 §3.2: an HS256 key has at least 32 octets. HMAC pads shorter ones with zeros, so padding changes nothing but satisfies the
    /// library.
    /// </summary>
    private const int LeastKeyOctets = 32;
    private const int MostTokenLength = 1 << 20; // metadata may have half a megabyte
    private static readonly TimeSpan Skew = TimeSpan.FromSeconds(60);

    private readonly Dictionary<string, SymmetricSecurityKey> _keys = keys.ToDictionary(key => key.Key,
        key => new SymmetricSecurityKey(Pad(key.Secret)), StringComparer.Ordinal);
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
        if (!result.IsValid) return (null, Describe(result.Exception));
        try
        {
            using var payload = JsonDocument.Parse(Base64UrlEncoder.DecodeBytes(parsed.EncodedPayload));
            return TokenClaims.Read(payload.RootElement);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or FormatException)
        {
            return (null, "the token's claims are not LiveKit's");
        }
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

    private static string Describe(Exception why) => why switch
    {
        SecurityTokenExpiredException => "token is expired",
        SecurityTokenNotYetValidException => "token is not valid yet",
        SecurityTokenNoExpirationException => "token has no expiry: it needs the claim exp, in seconds since 1970",
        SecurityTokenInvalidLifetimeException => "token ends (exp) before it begins (nbf)",
        _ => "invalid token signature",
    };

    private static byte[] Pad(string secret)
    {
        var octets = Encoding.UTF8.GetBytes(secret);
        if (octets.Length < LeastKeyOctets) Array.Resize(ref octets, LeastKeyOctets);
        return octets;
    }
}
