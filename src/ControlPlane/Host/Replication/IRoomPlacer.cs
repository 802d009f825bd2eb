using VideoScale.ControlPlane.Commands;
using VideoScale.Model;

namespace VideoScale.ControlPlane.Host.Replication;

/// <summary>Chooses nodes for rooms that are being created: what only the leader can choose, before their commands are proposed.</summary>
public interface IRoomPlacer
{
    /// <param name="refusal">Why the command is not to enter the log: its room would wait, and too many do. Null when it may.</param>
    /// <returns>The command with its decision, charged from now on; any other command as it is.</returns>
    /// <remarks>Called by one thread at a time, in the order in which commands enter the log.</remarks>
    CommandEnvelope Place(CommandEnvelope envelope, out Failure? refusal);

    /// <summary>The fate of a placed command is known, or nobody will ever tell.</summary>
    void Done(CommandEnvelope envelope);
}
