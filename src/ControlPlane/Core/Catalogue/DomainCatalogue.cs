using System.Collections.Immutable;
using VideoScale.ControlPlane.Cluster;
using VideoScale.ControlPlane.Commands;
using VideoScale.ControlPlane.Drain;
using VideoScale.ControlPlane.Events;
using VideoScale.ControlPlane.Keys;
using VideoScale.ControlPlane.Nodes;
using VideoScale.ControlPlane.Participants;
using VideoScale.ControlPlane.Pools;
using VideoScale.ControlPlane.Rebalancing;
using VideoScale.ControlPlane.Rooms;
using VideoScale.ControlPlane.Webhooks;

namespace VideoScale.ControlPlane.Catalogue;

/// <summary>The concepts there are, and by them every event and command of the log. A new concept is two names here.</summary>
public static class DomainCatalogue
{
    public static readonly ImmutableArray<EventShape> Events =
        [.. RoomEvents.All, .. ParticipantEvents.All, .. NodeEvents.All, .. DrainEvents.All, .. PoolEvents.All, .. ClusterEvents.All,
            .. WebhookEvents.All, .. RebalanceEvents.All, .. KeyEvents.All];

    public static readonly ImmutableArray<CommandShape> Commands =
        [.. RoomCommands.All, .. ParticipantCommands.All, .. NodeCommands.All, .. DrainCommands.All, .. PoolCommands.All,
            .. ClusterCommands.All, .. WebhookCommands.All, .. RebalanceCommands.All, .. KeyCommands.All];

    private static readonly EventShape?[] EventsByNumber = ByNumber(Events, static shape => (int)shape.Type);
    private static readonly CommandShape?[] CommandsByNumber = ByNumber(Commands, static shape => (int)shape.Type);

    /// <returns>Null when this program does not know the number.</returns>
    public static EventShape? Find(EventType type) => (int)type < EventsByNumber.Length ? EventsByNumber[(int)type] : null;

    /// <returns>Null when this program does not know the number.</returns>
    public static CommandShape? FindCommand(uint number) => number < (uint)CommandsByNumber.Length ? CommandsByNumber[number] : null;

    /// <exception cref="ArgumentException">Two have one number.</exception>
    private static T?[] ByNumber<T>(ImmutableArray<T> shapes, Func<T, int> numberOf) where T : class
    {
        var byNumber = new T?[shapes.Max(numberOf) + 1];
        foreach (var shape in shapes)
        {
            if (byNumber[numberOf(shape)] is not null) throw new ArgumentException($"number {numberOf(shape)} is given twice");
            byNumber[numberOf(shape)] = shape;
        }
        return byNumber;
    }
}
