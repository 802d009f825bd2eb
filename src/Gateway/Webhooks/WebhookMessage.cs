using System.Text;
using Google.Protobuf;
using LiveKit.Proto;
using VideoScale.Gateway.Rooms;

namespace VideoScale.Gateway.Webhooks;

/// <summary>A webhook's body: LiveKit's WebhookEvent in protobuf's JSON.</summary>
/// <param name="Id">The same whenever the message is repeated.</param>
/// <param name="Event">LiveKit's word for what happened.</param>
/// <param name="CreatedAtSeconds">Since 1970 UTC.</param>
/// <param name="Room">With those who are in it, as of that moment.</param>
/// <param name="Participant">Null for what is about the room alone.</param>
/// <param name="Track">Null for what is not about a track.</param>
public sealed record WebhookMessage(
    string Id, string Event, long CreatedAtSeconds, V1.Room Room, ParticipantInfo? Participant, TrackInfo? Track)
{
    public const string ContentType = "application/webhook+json";

    /// <summary>What is not set is left out, as LiveKit's server does.</summary>
    private static readonly JsonFormatter Formatter = new(JsonFormatter.Settings.Default);

    public byte[] ToJson()
    {
        var room = Room.ToLiveKit();
        room.NumPublishers = Room.Publishers;
        var said = new WebhookEvent { Event = Event, Id = Id, CreatedAt = CreatedAtSeconds, Room = room };
        if (Participant is not null) said.Participant = Participant;
        if (Track is not null) said.Track = Track;
        return Encoding.UTF8.GetBytes(Formatter.Format(said));
    }
}
