using System.Security.Cryptography;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.IdentityModel.Tokens;
using VideoScale.V1;

namespace VideoScale.Gateway.Tokens;

/// <summary>
/// Tokens for those who are in already: the one they came with, with what they are and may do by now, valid as long as that one, or a
/// little longer. Any replica signs them, since all have the keys.
/// </summary>
/// <remarks>
/// LiveKit's clients come back with the last one they were given: after their own has run out, and with what an admin has granted or taken
/// since.
/// </remarks>
internal sealed class TokenRefresher(IKeyRing keys, TimeProvider clock)
{
    /// <summary>As LiveKit's server does: valid for so long at least.</summary>
    internal static readonly TimeSpan LeastValidity = TimeSpan.FromMinutes(10), Period = TimeSpan.FromMinutes(5);

    /// <summary>A join carries its token and the first offer in the request line.</summary>
    internal const int MaxRequestHeadBytes = 1 << 20;

    /// <summary>Clients come back with the token in their URL, and the rest of what they say about themselves beside it.</summary>
    internal const int MaxTokenBytes = MaxRequestHeadBytes - 128 * 1024;

    /// <summary>
    /// No page ever holds the text of it, so nothing is escaped that JSON does not ask for: metadata is as long as it was.
    /// </summary>
    private static readonly TokenJson Compact = new(new JsonSerializerOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping });

    private static readonly string Header = Base64UrlEncoder.Encode("""{"alg":"HS256","typ":"JWT"}""");

    /// <param name="token">The one that let its bearer in; verified.</param>
    /// <returns>Null when its key is none of ours, when it names a claim twice, or when it would be too large to come back with: the bearer
    /// keeps the one it has.</returns>
    internal string? Refresh(string token, string identity, SessionClaims claims)
    {
        try { return Sign(token, identity, claims) is { Length: <= MaxTokenBytes } refreshed ? refreshed : null; }
        catch (ArgumentException) { return null; } // JsonObject's word for two of a name
    }

    private string? Sign(string token, string identity, SessionClaims claims)
    {
        var payload = JsonNode.Parse(Base64UrlEncoder.DecodeBytes(token.Split('.')[1]))!.AsObject();
        if (keys.Find((string?)payload["iss"] ?? "").Secrets is not [var key, ..]) return null;
        var now = clock.GetUtcNow().ToUnixTimeSeconds();
        var video = payload.LastOrDefault(claim => claim.Key.Equals("video", StringComparison.OrdinalIgnoreCase))
            .Value?.DeepClone() as JsonObject ?? [];
        Grant(video, claims.Grants);
        Set(payload, "video", video);
        Set(payload, "sub", identity);
        // It is as old as the one it came from: what revokes that one revokes it.
        if (payload["iat"] is null) Set(payload, "iat", payload["nbf"]?.DeepClone());
        Set(payload, "nbf", now);
        var until = now + (long)LeastValidity.TotalSeconds;
        if (!(payload["exp"] is JsonValue own && own.TryGetValue<double>(out var ownUntil) && ownUntil > until)) Set(payload, "exp", until);
        Set(payload, "name", claims.Name);
        Set(payload, "metadata", claims.Metadata);
        Set(payload, "attributes",
            new JsonObject(claims.Attributes.Select(pair => KeyValuePair.Create<string, JsonNode?>(pair.Key, pair.Value))));
        var signed = $"{Header}.{Base64UrlEncoder.Encode(JsonSerializer.SerializeToUtf8Bytes(payload, Compact.JsonObject))}";
        var mac = HMACSHA256.HashData(Encoding.UTF8.GetBytes(key.Secret), Encoding.UTF8.GetBytes(signed));
        return $"{signed}.{Base64UrlEncoder.Encode(mac)}";
    }

    private static void Grant(JsonObject video, SessionGrants grants)
    {
        Set(video, "canPublish", grants.CanPublish);
        Set(video, "canSubscribe", grants.CanSubscribe);
        Set(video, "canPublishData", grants.CanPublishData);
        Set(video, "hidden", grants.Hidden);
        Set(video, "recorder", grants.Recorder);
        Set(video, "canUpdateOwnMetadata", grants.CanUpdateMetadata);
        // Without the list every source is allowed; one that names none we know allows none.
        Set(video, "canPublishSources", grants.CanPublishSources.Count == 0 ? null
            : new JsonArray([.. grants.CanPublishSources.Select(source => (JsonNode?)ParticipantGrants.NameOf(source))]));
    }

    /// <summary>Names of claims are read in any case: one in another must not stand beside it.</summary>
    private static void Set(JsonObject claims, string name, JsonNode? value)
    {
        foreach (var known in claims.Select(claim => claim.Key).Where(key => key.Equals(name, StringComparison.OrdinalIgnoreCase))
            .ToArray()) claims.Remove(known);
        if (value is not null) claims[name] = value;
    }
}

[System.Text.Json.Serialization.JsonSerializable(typeof(JsonObject))]
internal sealed partial class TokenJson : System.Text.Json.Serialization.JsonSerializerContext;
