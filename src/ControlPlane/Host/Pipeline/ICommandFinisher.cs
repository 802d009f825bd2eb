using VideoScale.ControlPlane.Commands;

namespace VideoScale.ControlPlane.Host.Pipeline;

/// <summary>Completes commands just before they are proposed with what only the leader can choose (which node hosts a room).</summary>
public interface ICommandFinisher
{
    /// <remarks>Called by one thread at a time, in the order in which commands enter the log; again for a command that did not fit into an entry.</remarks>
    CommandEnvelope Finish(CommandEnvelope envelope);

    /// <summary>The command's fate is known, or nobody will ever tell.</summary>
    void Done(CommandEnvelope envelope);
}
