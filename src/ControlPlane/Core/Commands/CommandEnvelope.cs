using VideoScale.ControlPlane.Clocks;
using VideoScale.ControlPlane.Events;
using VideoScale.Model;

namespace VideoScale.ControlPlane.Commands;

/// <summary>A command with who asked, under which key, and why.</summary>
/// <param name="Request">Set when the command came from outside and its answer is kept for retries.</param>
/// <param name="DecidedInTerm">Term in which a leader loop decided it; 0 for commands from outside. Refused in another term.</param>
/// <param name="CorrelationId">Ties together what one outside request caused; may be empty.</param>
/// <param name="Cause">The event that made a loop propose this; none for outside commands.</param>
/// <param name="Traceparent">W3C trace context; may be empty.</param>
public sealed record CommandEnvelope(
    DomainCommand Command, Actor Actor, RequestKey? Request = null, ulong DecidedInTerm = 0,
    string CorrelationId = "", EventRef Cause = default, string Traceparent = "");

/// <summary>What one log entry carries.</summary>
/// <param name="Stamp">By the leader that proposed it.</param>
public sealed record LogEntry(EntryStamp Stamp, IReadOnlyList<CommandEnvelope> Commands)
{
    public LogEntry(LogTime time, IReadOnlyList<CommandEnvelope> commands) : this(new EntryStamp(time), commands) { }
}
