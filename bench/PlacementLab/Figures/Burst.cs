using VideoScale.Bench.PlacementLab.Choosers;
using VideoScale.Bench.PlacementLab.Day;
using VideoScale.Bench.PlacementLab.Fleet;

namespace VideoScale.Bench.PlacementLab.Figures;

/// <summary>1,000 joins to 200 new rooms within a second: before any node has said anything of it.</summary>
internal static class Burst
{
    internal const int Rooms = 200, PeopleOfARoom = 5, Nodes = 20;

    /// <returns>The fullest node by the mean of all, once everybody is there; and how many did not get in.</returns>
    internal static (double MaxToMean, int Refused) Run(IChooser chooser, int seed)
    {
        var chance = new Chance(seed);
        var fleet = new LabFleet(chooser);
        for (var i = 0; i < Nodes; i++) fleet.Launch(8, 8 * SimulationSettings.NicKbpsOfACore, 0, 0);
        foreach (var node in fleet.Nodes)
        {
            node.Say();
            chooser.Heard(node, 0);
        }
        var refused = 0;
        for (var number = 0; number < Rooms; number++)
        {
            var people = Enumerable.Range(0, PeopleOfARoom).Select(_ => new Attendance(0, 1, chance.Share() < 0.75)).ToArray();
            var room = new LabRoom(new(number, PeopleOfARoom, 0, chance.LogNormal(1, 0.2), people));
            if (chooser.Choose(room, null, fleet.Open, 1) is { } node)
            {
                room.Reserved = room.Peak;
                fleet.Put(room, node);
                node.Joins.Enqueue(1);
            }
            else refused += PeopleOfARoom;
            for (var person = 0; room.Node is not null && person < PeopleOfARoom; person++)
                if (chooser.Admits(room, person)) fleet.Count(room, person, true);
                else refused++;
        }
        return (fleet.Nodes.Max(node => node.Participants) / fleet.Nodes.Average(node => node.Participants), refused);
    }
}
