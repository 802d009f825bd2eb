using VideoScale.Bench.PlacementLab.Fleet;

namespace VideoScale.Bench.PlacementLab.Choosers;

/// <summary>Who decides which node hosts a room; told what a control plane is told, when it is told.</summary>
internal interface IChooser
{
    string Name { get; }

    /// <returns>Null: the room waits.</returns>
    LabNode? Choose(LabRoom room, LabNode? from, IReadOnlyList<LabNode> open, long nowMs);

    /// <summary>Whether one more person may join where the room is.</summary>
    bool Admits(LabRoom room, int person);

    /// <summary>The control plane's own figures of a node changed.</summary>
    void Changed(LabNode node, long nowMs);

    /// <summary>A node said how loaded it is.</summary>
    void Heard(LabNode node, long nowMs);
}
