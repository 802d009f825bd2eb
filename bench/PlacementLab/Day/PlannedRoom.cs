namespace VideoScale.Bench.PlacementLab.Day;

/// <param name="JoinMs">Of the day.</param>
/// <param name="HasCamera">Sends video; everybody speaks now and then.</param>
internal readonly record struct Attendance(long JoinMs, long LeaveMs, bool HasCamera);

/// <summary>A meeting as it will go; what a control plane is told of it is the hint and the most publishers alone.</summary>
/// <param name="Hint">Expected people; 0 for none.</param>
/// <param name="MaxPublishers">0: everybody may publish.</param>
/// <param name="CostError">See <see cref="RoomLoad.Of"/>.</param>
internal sealed record PlannedRoom(int Number, uint Hint, uint MaxPublishers, double CostError, Attendance[] People)
{
    internal long StartMs { get; } = People.Min(each => each.JoinMs);
}

/// <summary>What happens at one moment; in order of time, then of what it is.</summary>
internal readonly record struct Happening(long AtMs, int Room, int Person, bool IsJoin) : IComparable<Happening>
{
    public int CompareTo(Happening other) => AtMs != other.AtMs ? AtMs.CompareTo(other.AtMs)
        : Room != other.Room ? Room.CompareTo(other.Room)
        : IsJoin != other.IsJoin ? other.IsJoin.CompareTo(IsJoin) : Person.CompareTo(other.Person);
}

/// <summary>All that happens, whatever is decided about it.</summary>
internal sealed record PlannedDay(PlannedRoom[] Rooms, Happening[] Happenings, long FromMs, long ToMs)
{
    internal static PlannedDay Of(List<PlannedRoom> rooms, long fromMs, long toMs)
    {
        var happenings = new List<Happening>();
        foreach (var room in rooms)
            for (var person = 0; person < room.People.Length; person++)
            {
                happenings.Add(new(room.People[person].JoinMs, room.Number, person, true));
                happenings.Add(new(room.People[person].LeaveMs, room.Number, person, false));
            }
        happenings.Sort();
        return new([.. rooms], [.. happenings], fromMs, toMs);
    }
}
