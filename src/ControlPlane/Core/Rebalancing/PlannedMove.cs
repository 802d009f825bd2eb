using VideoScale.ControlPlane.Canonical;
using VideoScale.ControlPlane.Fields;
using VideoScale.Model;

namespace VideoScale.ControlPlane.Rebalancing;

/// <summary>One room that is to go elsewhere, with the figures that say why.</summary>
/// <param name="FromPermille">Of the node it leaves, before.</param>
/// <param name="ToPermille">Of the node it goes to, with it.</param>
/// <param name="ReliefPermille">So much less the node that it leaves carries.</param>
public sealed record PlannedMove(RoomId Room, Epoch Epoch, NodeId From, NodeId To, uint Participants, uint FromPermille, uint ToPermille,
    uint ReliefPermille)
{
    public void Describe(FieldSink sink)
    {
        sink.Room(Room);
        sink.Epoch(Epoch);
        sink.Node("from", From);
        sink.Node("to", To);
        sink.Number("participants", Participants);
        sink.Number("from_permille", FromPermille);
        sink.Number("to_permille", ToPermille);
        sink.Number("relief_permille", ReliefPermille);
    }

    public static PlannedMove Read(ref CanonicalReader r) => new(r.ReadRoom(), r.ReadEpoch(), r.ReadNode(), r.ReadNode(), r.ReadUInt32(),
        r.ReadUInt32(), r.ReadUInt32(), r.ReadUInt32());

    public string Words => $"{Room} from {From} ({FromPermille}‰ in use) to {To} ({ToPermille}‰ with it): "
        + $"{ReliefPermille}‰ of relief, {Participants} people";
}
