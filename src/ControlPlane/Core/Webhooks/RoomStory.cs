using System.Collections.Immutable;
using VideoScale.ControlPlane.Events;
using VideoScale.ControlPlane.Participants;
using VideoScale.ControlPlane.Rooms;
using VideoScale.Model;

namespace VideoScale.ControlPlane.Webhooks;

/// <summary>
/// One life of a room as receivers of webhooks are told it: the fold of the room's own events, from RoomCreated on. Mutable, one caller.
/// The same events give the same notices on every replica.
/// </summary>
public sealed class RoomStory(RoomId room)
{
    private readonly SortedDictionary<ParticipantIdentity, Seated> _seats = new(
        Comparer<ParticipantIdentity>.Create(static (a, b) => string.CompareOrdinal(a.Value, b.Value)));
    private readonly List<Notice> _notices = [];
    private MessageRef _next;
    private long _atMs;
    private string _name = room.Value;
    private long _createdAtMs;
    private RoomSettings _settings = RoomSettings.Default;
    private ulong _departureTimeoutMs;
    private bool _isStarted, _isFinished;
    private uint _present, _publishing;

    private sealed record Seated(ulong SeatId, ParticipantRole Role)
    {
        /// <summary>-1 until it was told as joined.</summary>
        public long JoinedAtMs { get; init; } = -1;
        public string Sid { get; init; } = "";
        public Epoch Epoch { get; init; }
        public ReadOnlyMemory<byte> Info { get; init; }
        public ImmutableArray<NoticeTrack> Tracks { get; init; } = [];
        public bool HasJoined => JoinedAtMs >= 0;
        public bool Publishes => Tracks.Length > 0;
    }

    /// <summary>Nothing comes any more in this life.</summary>
    public bool IsFinished => _isFinished;

    /// <summary>Folds one event of the room's stream in.</summary>
    /// <returns>What comes of it, in the order in which it is told.</returns>
    public IReadOnlyList<Notice> Tell(DomainEvent happened, ulong seq, LogTime time)
    {
        _notices.Clear();
        (_next, _atMs) = (new(seq, 0), time.UnixMs);
        if (happened is RoomEvent ofRoom) OnRoom(ofRoom);
        else if (happened is ParticipantEvent participant && _seats.GetValueOrDefault(participant.Identity) is var seat)
        {
            if (participant is ParticipantEvent.Admitted admitted) Set(admitted.Identity, new(seq, admitted.Role));
            else if (seat is not null) OnSeat(participant, seat);
        }
        return _notices.Count == 0 ? [] : _notices.ToArray();
    }

    private void OnRoom(RoomEvent happened)
    {
        switch (happened)
        {
            case RoomEvent.Created e:
                _seats.Clear();
                (_present, _publishing) = (0, 0);
                (_name, _createdAtMs, _settings) = (e.Room.Value, _atMs, e.Settings);
                (_departureTimeoutMs, _isStarted, _isFinished) = (0, false, false);
                break;
            case RoomEvent.Updated e:
                (_name, _settings, _departureTimeoutMs) = (e.Name, e.Settings, e.DepartureTimeoutMs);
                break;
            case RoomEvent.Placed when !_isStarted && !_isFinished:
                _isStarted = true;
                Add(NoticeKind.RoomStarted);
                break;
            case RoomEvent.Closing or RoomEvent.Closed when !_isFinished: Finish(); break;
        }
    }

    /// <summary>The log frees all seats at once.</summary>
    private void Finish()
    {
        foreach (var (identity, seat) in _seats.ToArray()) Leave(identity, seat, Departure.RoomClosed);
        _isFinished = true;
        if (_isStarted) Add(NoticeKind.RoomFinished);
    }

    private void OnSeat(ParticipantEvent happened, Seated seat)
    {
        switch (happened)
        {
            // Joined again is joined under the next owner: nobody went away in between.
            case ParticipantEvent.Joined e when !seat.HasJoined: Join(e.Identity, seat); break;
            case ParticipantEvent.RoleChanged e: Set(e.Identity, seat with { Role = e.Role }); break;
            case ParticipantEvent.Left e: Leave(e.Identity, seat, Departure.Unknown); break;
            case ParticipantEvent.Removed e: Leave(e.Identity, seat, Departure.Removed); break;
            case ParticipantEvent.SeatExpired e: Leave(e.Identity, seat, Departure.NeverCame); break;
            case SessionEvent e when e.SeatId == seat.SeatId: OnSession(e, seat); break;
        }
    }

    private void OnSession(SessionEvent happened, Seated seat)
    {
        switch (happened)
        {
            case SessionEvent.Described e: OnDescribed(e, seat); break;
            case SessionEvent.TrackPublished e:
                var published = new NoticeTrack(e.Sid, e.Info);
                var known = seat.Tracks.Any(track => track.Sid == e.Sid);
                seat = seat with { Tracks = [.. seat.Tracks.Where(track => track.Sid != e.Sid), published] };
                Set(e.Identity, seat);
                if (!known) Add(NoticeKind.TrackPublished, e.Identity, seat, published);
                break;
            case SessionEvent.TrackUnpublished e when seat.Tracks.FirstOrDefault(track => track.Sid == e.Sid) is { } track:
                Unpublish(e.Identity, seat, track);
                break;
        }
    }

    /// <summary>
    /// Another session in the same seat under the same owner is another client: one left and one joined. Under another owner it is the same
    /// participant, who could not be carried along.
    /// </summary>
    private void OnDescribed(SessionEvent.Described e, Seated seat)
    {
        if (seat.Sid.Length > 0 && seat.Sid != e.Sid)
        {
            if (seat.HasJoined && seat.Epoch == e.Epoch)
            {
                Leave(e.Identity, seat, Departure.Replaced);
                seat = new(seat.SeatId, seat.Role) { Epoch = e.Epoch, Sid = e.Sid, Info = e.Info };
                Join(e.Identity, seat);
                return;
            }
            foreach (var track in seat.Tracks) seat = Unpublish(e.Identity, seat, track);
        }
        Set(e.Identity, seat with { Epoch = e.Epoch, Sid = e.Sid, Info = e.Info });
    }

    private void Join(ParticipantIdentity identity, Seated seat)
    {
        seat = seat with { JoinedAtMs = _atMs };
        Set(identity, seat);
        Add(NoticeKind.ParticipantJoined, identity, seat);
    }

    private void Leave(ParticipantIdentity identity, Seated seat, Departure why)
    {
        foreach (var track in seat.Tracks) seat = Unpublish(identity, seat, track);
        Set(identity, null);
        Add(seat.HasJoined ? NoticeKind.ParticipantLeft : NoticeKind.ParticipantConnectionAborted, identity, seat, null, why);
    }

    private Seated Unpublish(ParticipantIdentity identity, Seated seat, NoticeTrack track)
    {
        seat = seat with { Tracks = seat.Tracks.Remove(track) };
        Set(identity, seat);
        Add(NoticeKind.TrackUnpublished, identity, seat, track);
        return seat;
    }

    private void Add(NoticeKind kind, ParticipantIdentity identity, Seated seat, NoticeTrack? track = null,
        Departure why = Departure.None) =>
        Add(kind, new NoticeParticipant(identity, seat.Role, seat.JoinedAtMs, seat.Sid, seat.Info, seat.Tracks), track, why);

    private void Add(NoticeKind kind, NoticeParticipant? participant = null, NoticeTrack? track = null, Departure why = Departure.None)
    {
        var about = new NoticeRoom(room, _name, _createdAtMs, _settings, _departureTimeoutMs, _present, _publishing);
        _notices.Add(new(_next, _atMs, kind, about, participant, track, why));
        _next = _next with { Part = _next.Part + 1 };
    }

    /// <param name="seat">Null: it is free.</param>
    private void Set(ParticipantIdentity identity, Seated? seat)
    {
        if (_seats.TryGetValue(identity, out var before)) Count(before, -1);
        if (seat is null) _seats.Remove(identity);
        else Count(_seats[identity] = seat, +1);
    }

    private void Count(Seated seat, int change)
    {
        if (seat.HasJoined) _present = (uint)(_present + change);
        if (seat.Publishes) _publishing = (uint)(_publishing + change);
    }
}
