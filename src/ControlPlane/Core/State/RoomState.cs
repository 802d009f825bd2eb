using VideoScale.ControlPlane.Fields;
using VideoScale.ControlPlane.Ordinal;
using VideoScale.ControlPlane.Participants;
using VideoScale.ControlPlane.Placement;
using VideoScale.ControlPlane.Rooms;
using VideoScale.Model;

namespace VideoScale.ControlPlane.State;

/// <summary>A room in state: its record, its seats, and what is counted from them. Changed only by Evolve.</summary>
public sealed class RoomState : INamed
{
    internal RoomState(RoomRecord record) => Record = record;

    public string Name => Record.Id.Value;
    public RoomRecord Record { get; internal set; }
    public SeatSet Seats { get; internal set; } = SeatSet.Empty;

    /// <summary>Snapshots taken when <see cref="Seats"/> became the room's own; another number means that one may hold them too.</summary>
    internal ulong SeatsOfPicture { get; set; } = SeatsShared;
    internal const ulong SeatsShared = ulong.MaxValue;

    /// <summary>Seats taken by publishers.</summary>
    public uint Publishers { get; internal set; }
    public uint Participants => (uint)Seats.Count;

    /// <summary>What the seats taken cost.</summary>
    public Reservation Actual => RoomCost.Of(Participants, Publishers);

    /// <summary>
    /// What is charged to the owner's node now: the reservation, or what the seats cost where that is more. Nothing without an owner.
    /// </summary>
    public Reservation Charged { get; internal set; }

    /// <summary>The owner's node, so that no seat has to look it up.</summary>
    internal NodeState? Home { get; set; }

    /// <summary>What its owner reserved, beside <see cref="Home"/>.</summary>
    internal Reservation Reserved { get; set; }

    /// <summary>Actual as last counted into the owner's node.</summary>
    internal Reservation ActualCounted { get; set; }
    internal UInt128 HashCounted { get; set; }
    internal bool IsDirty { get; set; }
    internal long EmptyDueMs { get; set; } = -1;
    internal ulong WaitingSeq { get; set; }

    /// <summary>The room as JSON, with its seats.</summary>
    public void Describe(FieldSink sink)
    {
        Record.Describe(sink);
        Record.Details?.Describe(sink);
        sink.BeginList("seats", Seats.Count);
        foreach (var seat in Seats.InOrder())
        {
            sink.BeginItem();
            seat.Describe(sink);
            sink.EndItem();
        }
        sink.EndList();
    }
}
