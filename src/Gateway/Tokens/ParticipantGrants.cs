using System.Collections.Immutable;
using VideoScale.Model;
using VideoScale.V1;

namespace VideoScale.Gateway.Tokens;

/// <summary>How a token wants the room that the join makes; nought and empty for the defaults.</summary>
public sealed record RoomConfig(uint EmptyTimeoutSeconds, uint DepartureTimeoutSeconds, uint MaxParticipants, string Metadata);

/// <summary>What a LiveKit token grants its holder.</summary>
/// <remarks>
/// LiveKit's defaults: publishing and subscribing are allowed unless the token says no, data follows publishing, everything else is refused
/// unless it says yes.
/// </remarks>
/// <param name="Sources">Numbers of livekit.TrackSource that may be published; empty for all. A name that is not known allows nothing:
/// <see cref="NoSource"/>.</param>
public sealed record ParticipantGrants(
    string Identity, string Name, string Metadata, ImmutableArray<(string Key, string Value)> Attributes, string Room,
    bool RoomJoin, bool RoomCreate, bool RoomList, bool RoomAdmin, bool CanPublish, bool CanSubscribe, bool CanPublishData,
        ImmutableArray<int> Sources,
    bool Hidden, bool Recorder, bool CanUpdateOwnMetadata)
{
    /// <summary>No track has this source.</summary>
    public const int NoSource = -1;

    /// <summary>Number of livekit.ParticipantInfo.Kind: what the participant is, for others to see.</summary>
    public int Kind { get; init; }

    /// <summary>Whose word it is; null where no token says it.</summary>
    public TokenOrigin? Origin { get; init; }

    /// <summary>For the room that its holder may be the first to join; null for the defaults.</summary>
    public RoomConfig? RoomConfig { get; init; }

    /// <summary>Sources by the names that tokens use.</summary>
    public static int SourceOf(string name) => name switch
    {
        "unknown" => 0, // a track whose client says nothing of its source
        "camera" => 1,
        "microphone" => 2,
        "screen_share" => 3,
        "screen_share_audio" => 4,
        _ => NoSource,
    };

    /// <summary>Kinds by the names that tokens use; whatever is not known is a standard participant.</summary>
    public static int KindOf(string name) => name.ToUpperInvariant() switch
    {
        "INGRESS" => 1,
        "EGRESS" => 2,
        "SIP" => 3,
        "AGENT" => 4,
        "CONNECTOR" => 7,
        "BRIDGE" => 8,
        _ => 0,
    };

    /// <summary>The name that tokens use for a source; one that no token knows stands for no source at all.</summary>
    public static string NameOf(int source) => source switch
    {
        0 => "unknown",
        1 => "camera",
        2 => "microphone",
        3 => "screen_share",
        4 => "screen_share_audio",
        _ => "none",
    };

    /// <summary>What a participant needs a seat for.</summary>
    public ParticipantRole Role => CanPublish ? ParticipantRole.Publisher : ParticipantRole.Subscriber;

    /// <summary>Null when the holder may join the room; else why not.</summary>
    public Failure? RefuseJoin() =>
        Identity.Length == 0 ? Failure.Denied("the token names no identity")
        : !RoomJoin ? Failure.Denied("the token does not grant roomJoin")
        : Room.Length == 0 ? Failure.Denied("the token names no room")
        : null;

    /// <summary>Null when the texts a participant comes with are within LiveKit's limits; else which is not.</summary>
    public Failure? RefuseTexts() =>
        TextLimits.CheckIdentity(Identity) ?? TextLimits.CheckParticipantName(Name) ?? TextLimits.CheckMetadata(Metadata)
        ?? TextLimits.CheckAttributes(Attributes.Select(static pair => KeyValuePair.Create(pair.Key, pair.Value)));

    /// <summary>The same with what the client brings itself, where its token lets it.</summary>
    public ParticipantGrants With(string metadata, IReadOnlyCollection<KeyValuePair<string, string>> attributes)
    {
        if (!CanUpdateOwnMetadata) return this;
        var replaced = attributes.Select(static pair => pair.Key).ToHashSet(StringComparer.Ordinal);
        return this with
        {
            Metadata = metadata.Length > 0 ? metadata : Metadata,
            Attributes = [.. Attributes.Where(pair => !replaced.Contains(pair.Key)),
                .. attributes.Select(static pair => (pair.Key, pair.Value))],
        };
    }

    /// <summary>Null when the holder may administer the room.</summary>
    public Failure? RefuseAdmin(string room) => !RoomAdmin ? Failure.Denied("the token does not grant roomAdmin")
        : Room != room ? Failure.Denied($"the token is for room \"{Room}\", not \"{room}\"") : null;
}
