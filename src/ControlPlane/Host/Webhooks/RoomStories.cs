using VideoScale.ControlPlane.Audit;
using VideoScale.ControlPlane.Events;
using VideoScale.ControlPlane.Host.Audit;
using VideoScale.ControlPlane.Host.EventLog;
using VideoScale.ControlPlane.Webhooks;
using VideoScale.Model;

namespace VideoScale.ControlPlane.Host.Webhooks;

/// <summary>
/// What comes of each event of a room, by what its own stream tells of it before. Nothing but the log: what is kept here is made again
/// when it is missing. One caller.
/// </summary>
internal sealed class RoomStories(EventLogReader events)
{
    /// <summary>Beyond so many all are let go: they come back as they are needed.</summary>
    private const int MostKept = 20_000;

    /// <summary>What is wanted of rooms' streams.</summary>
    internal static readonly HashSet<EventType> Types =
    [
        EventType.RoomCreated, EventType.RoomUpdated, EventType.RoomPlaced, EventType.RoomClosing, EventType.RoomClosed,
        EventType.ParticipantAdmitted, EventType.ParticipantJoined, EventType.ParticipantLeft, EventType.ParticipantRemoved,
        EventType.ParticipantRoleChanged, EventType.SeatExpired,
        EventType.ParticipantDescribed, EventType.TrackPublished, EventType.TrackUnpublished,
    ];

    private const string StreamPrefix = "room-";
    private readonly Dictionary<string, RoomStory> _stories = new(StringComparer.Ordinal);

    internal static RoomId RoomOf(EventEnvelope happened) => new(happened.Stream[StreamPrefix.Length..]);

    /// <summary>The next event of any room; events come in order.</summary>
    internal IReadOnlyList<Delivery<Outgoing>> Tell(EventEnvelope happened)
    {
        if (EventMapping.Decode(happened) is not { } decoded) return []; // a newer program's: it tells what it means
        if (!_stories.TryGetValue(happened.Stream, out var story))
        {
            if (_stories.Count >= MostKept) _stories.Clear();
            _stories.Add(happened.Stream, story = Before(happened.Stream, happened.EventSeq, decoded.Type));
        }
        var told = Tell(story, happened, decoded);
        if (story.IsFinished) _stories.Remove(happened.Stream);
        return told;
    }

    /// <summary>The same for one room, from an event on, apart from what comes by <see cref="Tell(EventEnvelope)"/>.</summary>
    /// <param name="most">Messages at which to stop, after the event that brought the last of them.</param>
    /// <returns>Its messages; and where to go on, 0 when all were read.</returns>
    internal (List<Delivery<Outgoing>> Messages, ulong Next) From(RoomId room, ulong from, ulong until, int most)
    {
        var stream = StreamPrefix + room.Value;
        RoomStory? story = null;
        var messages = new List<Delivery<Outgoing>>();
        foreach (var seq in events.StreamSeqsBetween(stream, from, until))
        {
            if (messages.Count >= most) return (messages, seq);
            if (events.TryGet(seq) is not { } happened || EventMapping.Decode(happened) is not { } decoded
                || !Types.Contains(decoded.Type)) continue;
            story ??= Before(stream, seq, decoded.Type);
            messages.AddRange(Tell(story, happened, decoded));
        }
        return (messages, 0);
    }

    /// <summary>The last event of the room, as the log stands now; 0 for none.</summary>
    internal ulong LastOf(RoomId room) => events.LastOfStream(StreamPrefix + room.Value, 1) is [var last] ? last : 0;

    /// <exception cref="EventLogException">Its beginning is not held here yet: peers send it.</exception>
    private RoomStory Before(string stream, ulong seq, EventType type)
    {
        var story = new RoomStory(new(stream[StreamPrefix.Length..]));
        if (type == EventType.RoomCreated) return story;
        var past = new Stack<(EventEnvelope Envelope, DomainEvent Event)>();
        var isWhole = false;
        foreach (var earlier in events.StreamSeqsBefore(stream, seq))
        {
            if (events.TryGet(earlier) is not { } found || EventMapping.Decode(found) is not { } decoded) continue;
            if (!Types.Contains(decoded.Type)) continue;
            past.Push((found, decoded));
            isWhole = decoded.Type == EventType.RoomCreated;
            if (isWhole) break;
        }
        if (!isWhole && events.Floor > 1) throw events.OutOfRange(events.Floor - 1);
        foreach (var (envelope, happened) in past) story.Tell(happened, envelope.EventSeq, envelope.OccurredAt);
        return story;
    }

    private static Delivery<Outgoing>[] Tell(RoomStory story, EventEnvelope happened, DomainEvent decoded) =>
        [.. story.Tell(decoded, happened.EventSeq, happened.OccurredAt).Select(notice => notice.ToDelivery(happened.EventId))];
}
