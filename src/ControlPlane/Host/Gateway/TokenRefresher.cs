using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.IdentityModel.Tokens;
using VideoScale.ControlPlane.Host.Startup;
using VideoScale.ControlPlane.Tokens;
using VideoScale.V1;

namespace VideoScale.ControlPlane.Host.Gateway;

/// <summary>Tokens for those who are in already: the one they came with, with what they are and may do by now, valid a little longer. Any replica signs them, since all have the keys.</summary>
/// <remarks>LiveKit's clients come back with the last one they were given: after their own has run out, and with what an admin has granted or taken since.</remarks>
internal sealed class TokenRefresher(IEnumerable<ApiKeyOptions> keys, TimeProvider clock)
{
    /// <summary>As LiveKit's server does.</summary>
    internal static readonly TimeSpan Validity = TimeSpan.FromMinutes(10), Period = TimeSpan.FromMinutes(5);

    private static readonly string Header = Base64UrlEncoder.Encode("""{"alg":"HS256","typ":"JWT"}""");

    private readonly Dictionary<string, byte[]> _secrets = keys.ToDictionary(key => key.Key, key => Encoding.UTF8.GetBytes(key.Secret), StringComparer.Ordinal);

    internal TimeProvider Clock => clock;

    /// <param name="token">The one that let its bearer in; verified.</param>
    /// <returns>Null when its key is none of ours, or when it names a claim twice.</returns>
    internal string? Refresh(string token, string identity, SessionClaims claims)
    {
        try { return Sign(token, identity, claims); }
        catch (ArgumentException) { return null; } // JsonObject's word for two of a name
    }

    private string? Sign(string token, string identity, SessionClaims claims)
    {
        var payload = JsonNode.Parse(Base64UrlEncoder.DecodeBytes(token.Split('.')[1]))!.AsObject();
        if (!_secrets.TryGetValue((string?)payload["iss"] ?? "", out var secret)) return null;
        var now = clock.GetUtcNow().ToUnixTimeSeconds();
        var video = payload.LastOrDefault(claim => claim.Key.Equals("video", StringComparison.OrdinalIgnoreCase)).Value?.DeepClone() as JsonObject ?? [];
        Grant(video, claims.Grants);
        Set(payload, "video", video);
        Set(payload, "sub", identity);
        Set(payload, "nbf", now);
        Set(payload, "exp", now + (long)Validity.TotalSeconds);
        payload.Remove("iat");
        Set(payload, "name", claims.Name);
        Set(payload, "metadata", claims.Metadata);
        Set(payload, "attributes", new JsonObject(claims.Attributes.Select(pair => KeyValuePair.Create<string, JsonNode?>(pair.Key, pair.Value))));
        var signed = $"{Header}.{Base64UrlEncoder.Encode(JsonSerializer.SerializeToUtf8Bytes(payload, TokenJson.Default.JsonObject))}";
        return $"{signed}.{Base64UrlEncoder.Encode(HMACSHA256.HashData(secret, Encoding.UTF8.GetBytes(signed)))}";
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
        Set(video, "canPublishSources", grants.CanPublishSources.Count == 0 ? null : new JsonArray([.. grants.CanPublishSources.Select(source => (JsonNode?)ParticipantGrants.NameOf(source))]));
    }

    /// <summary>Names of claims are read in any case: one in another must not stand beside it.</summary>
    private static void Set(JsonObject claims, string name, JsonNode? value)
    {
        foreach (var known in claims.Select(claim => claim.Key).Where(key => key.Equals(name, StringComparison.OrdinalIgnoreCase)).ToArray()) claims.Remove(known);
        if (value is not null) claims[name] = value;
    }
}

[System.Text.Json.Serialization.JsonSerializable(typeof(JsonObject))]
internal sealed partial class TokenJson : System.Text.Json.Serialization.JsonSerializerContext;
