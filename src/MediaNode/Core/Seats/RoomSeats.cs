using VideoScale.Model;

namespace VideoScale.MediaNode.Seats;

/// <summary>The seats of one room as this node knows them; mutable. A seat is reserved until its participant takes it up.</summary>
internal sealed class RoomSeats
{
    private readonly SortedDictionary<ParticipantIdentity, Place> _places = [];

    private record struct Place(Seat Seat, bool Joined);

    internal uint Joined { get; private set; }
    internal uint JoinedPublishers { get; private set; }

    internal Seat? Find(ParticipantIdentity identity) => _places.TryGetValue(identity, out var place) ? place.Seat : null;

    internal bool HasJoined(ParticipantIdentity identity, ulong seatId) =>
        _places.TryGetValue(identity, out var place) && place.Joined && place.Seat.SeatId == seatId;

    internal IEnumerable<Seat> JoinedSeats()
    {
        foreach (var place in _places.Values)
            if (place.Joined) yield return place.Seat;
    }

    internal IReadOnlyList<Seat> All() => [.. _places.Values.Select(place => place.Seat)];

    /// <summary>
    /// Reserves a seat, or changes the role of the one the identity has. An older seat than the known one is a late echo.
    /// </summary>
    /// <returns>The seat whose session this ends: the same identity was admitted anew.</returns>
    internal Seat? Reserve(Seat seat)
    {
        if (!_places.TryGetValue(seat.Identity, out var known))
        {
            _places.Add(seat.Identity, new Place(seat, Joined: false));
            return null;
        }
        if (seat.SeatId < known.Seat.SeatId) return null;
        var same = seat.SeatId == known.Seat.SeatId;
        if (known.Joined) Count(known.Seat, -1);
        _places[seat.Identity] = new Place(seat, known.Joined && same);
        if (known.Joined && same) Count(seat, +1);
        return known.Joined && !same ? known.Seat : null;
    }

    internal void Join(Seat seat)
    {
        var place = _places[seat.Identity];
        Invariant.Require(place.Seat == seat && !place.Joined, "a reserved seat is taken up once");
        _places[seat.Identity] = place with { Joined = true };
        Count(seat, +1);
    }

    /// <returns>True when its participant had joined.</returns>
    internal bool Remove(ParticipantIdentity identity, ulong seatId)
    {
        if (!_places.TryGetValue(identity, out var place) || place.Seat.SeatId != seatId) return false;
        _places.Remove(identity);
        if (place.Joined) Count(place.Seat, -1);
        return place.Joined;
    }

    private void Count(Seat seat, int change)
    {
        Joined = (uint)(Joined + change);
        if (seat.Role == SeatRole.Publisher) JoinedPublishers = (uint)(JoinedPublishers + change);
    }
}
