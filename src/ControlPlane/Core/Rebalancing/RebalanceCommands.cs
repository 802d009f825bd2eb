using System.Collections.Immutable;
using VideoScale.ControlPlane.Canonical;
using VideoScale.ControlPlane.Commands;
using VideoScale.ControlPlane.Fields;

namespace VideoScale.ControlPlane.Rebalancing;

public abstract record RebalanceCommand : DomainCommand
{
    public override string Subject => RebalanceEvent.Name;

    /// <summary>Whether rooms are moved for the sake of balance, and how many at most.</summary>
    public sealed record Set(RebalanceSettings Settings) : RebalanceCommand
    {
        internal static readonly CommandShape Shape = new(CommandType.SetRebalancing,
            static (ref CanonicalReader r) => new Set(RebalanceSettings.Read(ref r)));
        public override CommandType Type => Shape.Type;
        public override void Describe(FieldSink sink) => Settings.Describe(sink);
    }

    /// <summary>A room leaves a crowded node. From the leader's loop.</summary>
    public sealed record MoveRoom(PlannedMove Move) : RebalanceCommand
    {
        internal static readonly CommandShape Shape = new(CommandType.MoveForBalance,
            static (ref CanonicalReader r) => new MoveRoom(PlannedMove.Read(ref r)));
        public override CommandType Type => Shape.Type;
        public override void Describe(FieldSink sink) => Move.Describe(sink);
    }
}

/// <summary>All commands of this concept: a new one is its record, its number and a name here.</summary>
public static class RebalanceCommands
{
    public static ImmutableArray<CommandShape> All => [RebalanceCommand.Set.Shape, RebalanceCommand.MoveRoom.Shape];
}
