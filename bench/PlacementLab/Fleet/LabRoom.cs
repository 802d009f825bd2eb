using VideoScale.Bench.PlacementLab.Day;
using VideoScale.ControlPlane.Placement;
using VideoScale.Model;

namespace VideoScale.Bench.PlacementLab.Fleet;

/// <summary>A room as it goes: where it is, who is there, what that takes, and what the control plane counts of it.</summary>
internal sealed class LabRoom(PlannedRoom plan)
{
    internal PlannedRoom Plan { get; } = plan;
    internal RoomId Id { get; } = new($"r{plan.Number:D5}");
    internal LabNode? Node { get; set; }
    internal int Participants { get; private set; }
    internal int Cameras { get; private set; }
    internal uint Publishers { get; private set; }
    /// <summary>Which people are there.</summary>
    internal bool[] IsThere { get; } = new bool[plan.People.Length];
    internal RoomLoad Load { get; private set; }
    /// <summary>As the room was placed last.</summary>
    internal Reservation Reserved { get; set; }
    internal long WaitingSinceMs { get; set; } = -1;
    internal long MovedAtMs { get; set; } = -1;
    internal long PlacedAtMs { get; set; }

    internal Reservation Actual => RoomCost.Of((uint)Participants, Publishers);
    internal Reservation Charged => Reservation.Max(Reserved, Actual);
    /// <summary>What is reserved for it by the product.</summary>
    internal Reservation Peak => RoomCost.ForPeak(new(Plan.Hint, 0, Plan.MaxPublishers), (uint)Participants, Publishers);

    internal bool MayPublish(int person) => Plan.MaxPublishers == 0 || person < Plan.MaxPublishers;

    internal void Count(int person, bool joins)
    {
        IsThere[person] = joins;
        var by = joins ? 1 : -1;
        Participants += by;
        if (Plan.People[person].HasCamera) Cameras += by;
        if (MayPublish(person)) Publishers = (uint)(Publishers + by);
        Load = RoomLoad.Of(Participants, Cameras, Plan.CostError);
    }
}
