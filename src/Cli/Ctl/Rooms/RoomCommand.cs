using System.CommandLine;

namespace VideoScale.Cli.Ctl.Rooms;

/// <summary><c>ctl room …</c></summary>
internal static class RoomCommand
{
    internal static Command Create() => new("room", "Rooms, their owners and the seats in them.")
    {
        RoomChanges.Create(), RoomQueries.Get(), RoomQueries.List(), RoomChanges.Close(), RoomChanges.Move(), RoomQueries.Explain(),
            RoomQueries.Watch(), RoomStatistics.Create(),
        Seats.Admit(), Seats.List(), Seats.Remove(),
    };

    internal static Argument<string> Room() => new("room") { Description = "Name or id of the room." };
}
