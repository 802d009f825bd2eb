using VideoScale.ControlPlane.Events;
using VideoScale.ControlPlane.Host.Gateway;
using VideoScale.ControlPlane.Host.Replication;
using VideoScale.ControlPlane.Participants;
using VideoScale.Model;

namespace VideoScale.ControlPlane.Tests.Gateway;

public sealed class RemovedSeatsTests
{
    private static readonly RoomId Room = new("room");
    private static readonly ParticipantIdentity Ann = new("ann");

    private readonly RemovedSeats _seats = new();

    private void Apply(params DomainEvent[] events) => _seats.OnApplied(1, [.. events.Select(happened => new AppliedEvent(happened, default!))], null!);

    [Fact]
    public void A_removal_holds_until_a_later_seat_was_left()
    {
        Apply(new ParticipantEvent.Removed(Room, Ann, 5, ""));
        Assert.Equal((5ul, 0ul, 0ul), (_seats.Find(Room, "ann"), _seats.Find(Room, "bob"), _seats.Find(new RoomId("other"), "ann")));
        Apply(new ParticipantEvent.Left(Room, Ann, new Epoch(3), 9));
        Assert.Equal(0ul, _seats.Find(Room, "ann"));
        Apply(new ParticipantEvent.Removed(Room, Ann, 12, ""), new ParticipantEvent.SeatExpired(Room, Ann, 14));
        Assert.Equal(0ul, _seats.Find(Room, "ann"));
        Apply(new ParticipantEvent.Removed(Room, Ann, 15, ""));
        _seats.OnRestored(2, null!); // what the snapshot jumped over is not known
        Assert.Equal(0ul, _seats.Find(Room, "ann"));
    }

    [Theory]
    [InlineData(0, 5, 0, false)]  // never removed
    [InlineData(5, 5, 0, true)]
    [InlineData(5, 5, 9, true)]   // another has come by that identity since
    [InlineData(5, 9, 9, false)]  // this is the one that came since
    [InlineData(5, 0, 0, true)]   // it cannot say which seat it had
    [InlineData(5, 0, 9, false)]
    public void A_client_was_removed_with_its_seat(ulong removed, ulong held, ulong now, bool wasRemoved)
    {
        var place = new RoomPlace(Rooms.RoomStatus.Active, 1, "", 0, new V1.Room(), now) { RemovedSeatId = removed };
        Assert.Equal(wasRemoved, place.WasRemoved(held));
    }

    [Fact]
    public void The_oldest_are_forgotten_first()
    {
        for (var i = 0; i <= RemovedSeats.MaxSeats; i++) Apply(new ParticipantEvent.Removed(Room, new ParticipantIdentity($"p{i}"), (ulong)i + 1, ""));
        Assert.Equal((0ul, 2ul), (_seats.Find(Room, "p0"), _seats.Find(Room, "p1")));
    }
}
