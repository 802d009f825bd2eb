using VideoScale.ControlPlane.Commands;
using VideoScale.ControlPlane.Events;
using VideoScale.ControlPlane.Outcomes;

namespace VideoScale.ControlPlane.Execution;

/// <summary>What becomes of an entry's commands, told in order: each event as it is folded in, then the command's answer.</summary>
public interface ICommandSink
{
    /// <summary>An event was folded in: the event log takes it.</summary>
    void Happened(DomainEvent happened, in EventContext context, EventRef cause, CommandEnvelope envelope);

    /// <summary>A command was run; the next one is not looked at yet.</summary>
    void Answered(CommandEnvelope envelope, CommandReply reply) { }

    /// <summary>A command was not run: its answer was kept, its request id breaks a rule, or the log is sealed.</summary>
    void Repeated(CommandEnvelope envelope) { }
}
