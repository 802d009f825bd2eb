using VideoScale.ControlPlane.Commands;
using VideoScale.ControlPlane.Rooms;
using VideoScale.ControlPlane.State;

namespace VideoScale.ControlPlane.Host.Bounds;

/// <summary>What a command adds to the rooms of the state, whichever call it came by.</summary>
internal readonly record struct RoomGrowth(int Rooms, long MetadataBytes)
{
    /// <summary>Told from the command alone.</summary>
    internal static RoomGrowth AtMost(DomainCommand command) => command switch
    {
        RoomCommand.Create create => new(1, create.Settings.Metadata.Length),
        RoomCommand.Open open => new(1, open.Change.Metadata?.Length ?? 0),
        RoomCommand.Update update => new(0, update.Change.Metadata?.Length ?? 0),
        _ => default,
    };

    /// <summary>As it would be decided in this state.</summary>
    internal static RoomGrowth In(ClusterState state, DomainCommand command)
    {
        if (command is not RoomCommand { Room: var id }) return default;
        var room = state.FindRoom(id)?.Record;
        var held = room?.Settings.Metadata.Length ?? 0;
        return (command, room?.IsOpen ?? false) switch
        {
            (RoomCommand.Create create, false) => new(room is null ? 1 : 0, create.Settings.Metadata.Length - held),
            (RoomCommand.Open open, false) => new(room is null ? 1 : 0, open.Settings.Metadata.Length - held),
            (RoomCommand.Open { ChangesExisting: true, Change.Metadata: { } metadata }, true) => new(0, metadata.Length - held),
            (RoomCommand.Update { Change.Metadata: { } metadata }, true) => new(0, metadata.Length - held),
            _ => default, // refused, or already so
        };
    }
}
