using System.Collections.Immutable;
using VideoScale.ControlPlane.Canonical;
using VideoScale.ControlPlane.Events;
using VideoScale.ControlPlane.Fields;

namespace VideoScale.ControlPlane.Rebalancing;

public abstract record RebalanceEvent : DomainEvent
{
    internal const string Name = "rebalancing";
    public override string Stream => Name;

    public sealed record SettingsChanged(RebalanceSettings Settings) : RebalanceEvent
    {
        internal static readonly EventShape Shape = new(EventType.RebalancingSet,
            static (ref CanonicalReader r) => new SettingsChanged(RebalanceSettings.Read(ref r)));
        public override EventType Type => Shape.Type;
        public override void Describe(FieldSink sink) => Settings.Describe(sink);
        public override string Words => $"rebalancing is to be: {Settings.Words}";
    }

    /// <summary>The room is revoked right behind it.</summary>
    public sealed record RoomChosen(PlannedMove Move) : RebalanceEvent
    {
        internal static readonly EventShape Shape = new(EventType.RoomChosenForBalance,
            static (ref CanonicalReader r) => new RoomChosen(PlannedMove.Read(ref r)));
        public override EventType Type => Shape.Type;
        public override void Describe(FieldSink sink) => Move.Describe(sink);
        public override string Words => $"moved for balance: {Move.Words}";
    }
}

/// <summary>All events of this concept: a new one is its record, its number and a name here.</summary>
public static class RebalanceEvents
{
    public static ImmutableArray<EventShape> All => [RebalanceEvent.SettingsChanged.Shape, RebalanceEvent.RoomChosen.Shape];
}
