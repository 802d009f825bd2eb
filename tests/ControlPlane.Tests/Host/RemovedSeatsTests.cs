using VideoScale.ControlPlane.Events;
using VideoScale.ControlPlane.Host.Replication;
using VideoScale.ControlPlane.Host.Rooms;
using VideoScale.ControlPlane.Participants;
using VideoScale.Model;

namespace VideoScale.ControlPlane.Tests.HostTests;

public sealed class RemovedSeatsTests
{
    private static readonly RoomId Room = new("room");
    private static readonly ParticipantIdentity Ann = new("ann");

    private readonly RemovedSeats _seats = new();

    private void Apply(params DomainEvent[] events) =>
        _seats.OnApplied(1, [.. events.Select(happened => new AppliedEvent(happened, default!))], null!);

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

    [Fact]
    public void The_oldest_are_forgotten_first()
    {
        for (var i = 0; i <= RemovedSeats.MaxSeats; i++)
            Apply(new ParticipantEvent.Removed(Room, new ParticipantIdentity($"p{i}"), (ulong)i + 1, ""));
        Assert.Equal((0ul, 2ul), (_seats.Find(Room, "p0"), _seats.Find(Room, "p1")));
    }
}
