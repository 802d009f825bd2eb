using VideoScale.ControlPlane.Events;
using VideoScale.ControlPlane.Placement;
using VideoScale.ControlPlane.Rebalancing;
using VideoScale.Model;

namespace VideoScale.ControlPlane.State;

public sealed partial class ClusterState
{
    /// <summary>Null until somebody set it.</summary>
    public RebalanceRecord? Rebalancing { get; private set; }

    internal void RestoreRebalancing(RebalanceRecord? record) => Rebalancing = record;

    private void EvolveRebalancing(RebalanceEvent happened, in EventContext context)
    {
        var record = Rebalancing ?? RebalanceRecord.Initial;
        switch (happened)
        {
            case RebalanceEvent.SettingsChanged e: Rebalancing = record with { Settings = e.Settings }; break;
            case RebalanceEvent.RoomChosen e:
                Rebalancing = record.WithMove(LastTime.UnixMs);
                var room = RoomOf(e.Move.Room);
                Set(room, room.Record with { Cause = context.Ref, Why = PlacementReason.MoveRequested, Target = e.Move.To });
                break;
            default: Invariant.Require(false, "every event of rebalancing has a fold"); break;
        }
    }
}
