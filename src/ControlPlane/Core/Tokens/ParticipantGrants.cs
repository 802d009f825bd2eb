namespace VideoScale.ControlPlane.Tokens;

/// <summary>What a LiveKit token grants its holder.</summary>
/// <remarks>LiveKit's defaults: publishing and subscribing are allowed unless the token says no, data follows publishing, everything else is refused unless it says yes.</remarks>
/// <param name="Sources">Numbers of livekit.TrackSource that may be published; empty for all.</param>
public sealed record ParticipantGrants(
    string Identity, string Name, string Metadata, ImmutableArray<(string Key, string Value)> Attributes, string Room,
    bool RoomJoin, bool RoomCreate, bool RoomList, bool RoomAdmin, bool CanPublish, bool CanSubscribe, bool CanPublishData, ImmutableArray<int> Sources,
    bool Hidden, bool Recorder, bool CanUpdateOwnMetadata)
{
    /// <summary>Sources by the names that tokens use.</summary>
    public static int SourceOf(string name) => name switch
    {
        "camera" => 1,
        "microphone" => 2,
        "screen_share" => 3,
        "screen_share_audio" => 4,
        _ => 0,
    };

    /// <summary>What a participant needs a seat for.</summary>
    public ParticipantRole Role => CanPublish ? ParticipantRole.Publisher : ParticipantRole.Subscriber;

    /// <summary>Null when the holder may join the room; else why not.</summary>
    public Failure? RefuseJoin() =>
        Identity.Length == 0 ? Failure.Denied("the token names no identity")
        : !RoomJoin ? Failure.Denied("the token does not grant roomJoin")
        : Room.Length == 0 ? Failure.Denied("the token names no room")
        : null;

    /// <summary>Null when the holder may administer the room.</summary>
    public Failure? RefuseAdmin(string room) => !RoomAdmin ? Failure.Denied("the token does not grant roomAdmin")
        : Room != room ? Failure.Denied($"the token is for room \"{Room}\", not \"{room}\"") : null;
}
