using System.Collections.Immutable;
using System.Text.Json;
using Google.Protobuf;
using LiveKit.Proto;

namespace VideoScale.Gateway.Tokens;

/// <summary>
/// Reads the claims of a LiveKit token whose signature is good. A claim of another shape than LiveKit's refuses the token: passed over, it
/// could widen what its bearer may do.
/// </summary>
/// <remarks>
/// Names are found whatever their case, the last one of a name counts, and null is as good as absent: so does LiveKit's server read them.
/// </remarks>
internal static class TokenClaims
{
    private sealed class MalformedClaimException(string claim, JsonElement value, string shape)
        : Exception($"the token's claim {claim} is {Shorten(value)}: {shape} is expected")
    {
        private static string Shorten(JsonElement value) =>
            value.GetRawText() is { Length: > 40 } text ? text[..40] + "…" : value.GetRawText();
    }

    /// <returns>The grants, or one line that names the claim that cannot be understood.</returns>
    internal static (ParticipantGrants? Grants, string Problem) Read(JsonElement claims)
    {
        if (claims.ValueKind != JsonValueKind.Object) return (null, "the token's claims are no JSON object");
        try
        {
            return (Read(new Members(claims, "")), "");
        }
        catch (MalformedClaimException e) { return (null, e.Message); }
    }

    private static ParticipantGrants Read(Members claims)
    {
        var video = claims.Object("video");
        var canPublish = video.Flag("canPublish", true);
        return new ParticipantGrants(
            claims.Text("sub") is { Length: > 0 } subject ? subject : claims.Text("jti"), claims.Text("name"), claims.Text("metadata"),
                claims.Object("attributes").Pairs(), video.Text("room"),
            video.Flag("roomJoin", false), video.Flag("roomCreate", false), video.Flag("roomList", false), video.Flag("roomAdmin", false),
            canPublish, video.Flag("canSubscribe", true), video.Flag("canPublishData", canPublish),
                [.. video.Texts("canPublishSources").Select(ParticipantGrants.SourceOf)],
            video.Flag("hidden", false), video.Flag("recorder", false), video.Flag("canUpdateOwnMetadata", false))
        {
            Kind = ParticipantGrants.KindOf(claims.Text("kind")),
            RoomConfig = claims.Message<RoomConfiguration>("roomConfig") is { } room
                ? new(room.EmptyTimeout, room.DepartureTimeout, room.MaxParticipants, room.Metadata) : null,
        };
    }

    /// <summary>The members of one JSON object; of none where it is absent.</summary>
    private readonly struct Members
    {
        private static readonly JsonParser Messages = new(JsonParser.Settings.Default.WithIgnoreUnknownFields(true));
        private readonly Dictionary<string, JsonElement> _values = new(StringComparer.OrdinalIgnoreCase);
        private readonly JsonElement _of;
        private readonly string _path;

        internal Members(JsonElement of, string path)
        {
            _of = of;
            _path = path;
            if (of.ValueKind != JsonValueKind.Object) return;
            foreach (var member in of.EnumerateObject()) _values[member.Name] = member.Value;
        }

        internal string Text(string name)
        {
            if (Find(name) is not { } value) return "";
            return value.ValueKind == JsonValueKind.String ? value.GetString()! : throw Malformed(name, value, "a text");
        }

        internal bool Flag(string name, bool unset)
        {
            if (Find(name) is not { } value) return unset;
            return value.ValueKind is JsonValueKind.True or JsonValueKind.False ? value.GetBoolean()
                : throw Malformed(name, value, "true or false");
        }

        /// <summary>A message of LiveKit's as protojson writes it; fields that are not served are passed over.</summary>
        internal T? Message<T>(string name) where T : class, IMessage<T>, new()
        {
            if (Find(name) is not { } value) return null;
            try { return Messages.Parse<T>(value.GetRawText()); }
            catch (Exception e) when (e is InvalidProtocolBufferException or InvalidJsonException)
            {
                throw Malformed(name, value, "LiveKit's " + new T().Descriptor.Name);
            }
        }

        internal IEnumerable<string> Texts(string name)
        {
            if (Find(name) is not { } value) return [];
            if (value.ValueKind != JsonValueKind.Array || value.EnumerateArray().Any(item => item.ValueKind != JsonValueKind.String))
                throw Malformed(name, value, "a list of texts");
            return value.EnumerateArray().Select(item => item.GetString()!);
        }

        internal Members Object(string name)
        {
            if (Find(name) is not { } value) return new Members(default, name);
            return value.ValueKind == JsonValueKind.Object ? new Members(value, _path + name + ".")
                : throw Malformed(name, value, "an object");
        }

        /// <summary>All members as texts, their names as they are written.</summary>
        internal ImmutableArray<(string, string)> Pairs()
        {
            if (_of.ValueKind != JsonValueKind.Object) return [];
            var pairs = new Dictionary<string, string>(StringComparer.Ordinal);
            foreach (var member in _of.EnumerateObject())
            {
                if (member.Value.ValueKind == JsonValueKind.Null) continue;
                pairs[member.Name] = member.Value.ValueKind == JsonValueKind.String ? member.Value.GetString()!
                    : throw Malformed(member.Name, member.Value, "a text");
            }
            return [.. pairs.Select(pair => (pair.Key, pair.Value))];
        }

        private JsonElement? Find(string name) =>
            _values.TryGetValue(name, out var value) && value.ValueKind != JsonValueKind.Null ? value : null;

        private MalformedClaimException Malformed(string name, JsonElement value, string shape) => new(_path + name, value, shape);
    }
}
