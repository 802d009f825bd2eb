using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Json;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;

namespace VideoScale.Gateway.Tokens;

/// <summary>Checks LiveKit tokens: HS256 JWTs whose issuer is an API key. What it does not know it refuses.</summary>
internal sealed class TokenVerifier(IKeyRing keys)
{
    /// <summary>
    /// RFC 7518 §3.2: an HS256 key has at least 32 octets. HMAC pads shorter ones with zeros, so padding changes nothing but satisfies the
    /// library.
    /// </summary>
    private const int LeastKeyOctets = 32;
    private const int MostTokenLength = 1 << 20; // metadata may have half a megabyte
    private static readonly TimeSpan Skew = TimeSpan.FromSeconds(60);

    private readonly ConditionalWeakTable<ApiKey, SymmetricSecurityKey> _padded = [];
    private readonly JsonWebTokenHandler _handler = new() { MaximumTokenSizeInBytes = MostTokenLength };

    /// <returns>The grants, or one line that says what is wrong with the token.</returns>
    internal async Task<(ParticipantGrants? Grants, string Problem)> VerifyAsync(string token)
    {
        if (token.Length == 0) return (null, "no token: send it as access_token, or as authorization: Bearer TOKEN");
        if (token.Length > MostTokenLength || !_handler.CanReadToken(token)) return (null, "invalid token");
        JsonWebToken parsed;
        try { parsed = _handler.ReadJsonWebToken(token); }
        catch (Exception e) when (e is ArgumentException or FormatException or SecurityTokenException) { return (null, "invalid token"); }
        var key = keys.Find(parsed.Issuer);
        if (key.Secrets.IsEmpty) return (null, key.Problem);
        var result = await _handler.ValidateTokenAsync(parsed, new TokenValidationParameters
        {
            ValidIssuer = parsed.Issuer,
            ValidateAudience = false,
            IssuerSigningKeys = key.Secrets.Select(Padded),
            ValidAlgorithms = [SecurityAlgorithms.HmacSha256],
            ClockSkew = Skew,
            RequireExpirationTime = true,
        });
        if (!result.IsValid) return (null, Describe(result.Exception));
        var origin = new TokenOrigin(parsed.Issuer, parsed.Subject, IssuedAt(parsed));
        if (keys.IsRevoked(origin)) return (null, "token was revoked");
        try
        {
            using var payload = JsonDocument.Parse(Base64UrlEncoder.DecodeBytes(parsed.EncodedPayload));
            var (grants, problem) = TokenClaims.Read(payload.RootElement);
            return (grants is null ? null : grants with { Origin = origin }, problem);
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
        SigningCredentials = new SigningCredentials(Padded(keys.Find(key).Secrets[0]), SecurityAlgorithms.HmacSha256),
    });

    private static string Describe(Exception why) => why switch
    {
        SecurityTokenExpiredException => "token is expired",
        SecurityTokenNotYetValidException => "token is not valid yet",
        SecurityTokenNoExpirationException => "token has no expiry: it needs the claim exp, in seconds since 1970",
        SecurityTokenInvalidLifetimeException => "token ends (exp) before it begins (nbf)",
        _ => "invalid token signature",
    };

    private SymmetricSecurityKey Padded(ApiKey key) => _padded.GetValue(key, static key => new SymmetricSecurityKey(Pad(key.Secret)));

    /// <summary>
    /// Many a token says when it was issued by what it must not be used before alone, and many that it may always have been.
    /// </summary>
    private static DateTimeOffset? IssuedAt(JsonWebToken token) =>
        token.IssuedAt > DateTime.UnixEpoch ? token.IssuedAt : token.ValidFrom > DateTime.UnixEpoch ? token.ValidFrom : null;

    private static byte[] Pad(string secret)
    {
        var octets = Encoding.UTF8.GetBytes(secret);
        if (octets.Length < LeastKeyOctets) Array.Resize(ref octets, LeastKeyOctets);
        return octets;
    }
}
