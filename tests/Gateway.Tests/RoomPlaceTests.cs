using VideoScale.Gateway.Ports;
using VideoScale.V1;

namespace VideoScale.Gateway.Tests;

public sealed class RoomPlaceTests
{
    [Theory]
    [InlineData(0, 5, 0, false)]  // never removed
    [InlineData(5, 5, 0, true)]
    [InlineData(5, 5, 9, true)]   // another has come by that identity since
    [InlineData(5, 9, 9, false)]  // this is the one that came since
    [InlineData(5, 0, 0, true)]   // it cannot say which seat it had
    [InlineData(5, 0, 9, false)]
    public void A_client_was_removed_with_its_seat(ulong removed, ulong held, ulong now, bool wasRemoved)
    {
        var place = new RoomPlace(RoomStatus.Active, 1, "", 0, new Room(), 0, now == 0 ? null
            : new SeatPlace(now, ParticipantRole.Publisher, HasJoined: true))
        { RemovedSeatId = removed };
        Assert.Equal(wasRemoved, place.WasRemoved(held));
    }
}
