using VideoScale.ControlPlane.Commands;
using VideoScale.ControlPlane.Host.Replication;
using VideoScale.ControlPlane.Placement;
using VideoScale.ControlPlane.Rooms;

namespace VideoScale.ControlPlane.Host.Serving;

/// <summary>Commands that may make a room while no node has place and as many rooms wait as may: some of them make none.</summary>
public sealed class UnplacedCommands(ControlPlaneStateMachine machine, StateQueries queries)
{
    private long _refused;

    /// <summary>Rooms that were one too many.</summary>
    public long Refused => Interlocked.Read(ref _refused);

    /// <returns>
    /// The command to propose all the same, for which nobody looks for a node: a repeat, which gets its answer, or one about a room that is
    /// there. Null for one more room.
    /// </returns>
    internal async ValueTask<CommandEnvelope?> LetPassAsync(CommandEnvelope envelope)
    {
        var addsNone = await queries.ReadNowAsync((machine, envelope), static (state, _, asked) =>
            asked.machine.IsAnswered(asked.envelope)
            || (asked.envelope.Command is RoomCommand command && state.FindRoom(command.Room)?.Record is { IsOpen: true }));
        if (!addsNone)
        {
            Interlocked.Increment(ref _refused);
            return null;
        }
        return envelope.Command switch
        {
            RoomCommand.Create create => envelope with { Command = create with { Placement = PlacementDecision.None } },
            RoomCommand.Open open => envelope with { Command = open with { Placement = PlacementDecision.None } },
            _ => envelope,
        };
    }
}
