using VideoScale.ControlPlane.Events;
using VideoScale.Model;

namespace VideoScale.ControlPlane.Decisions;

/// <summary>All that a decider may know beside state and command.</summary>
/// <param name="Time">Leader-stamped, clamped so that it never goes back.</param>
/// <param name="Index">Log index of the entry.</param>
/// <param name="Term">Term of the entry.</param>
/// <param name="DecidedInTerm">Term in which a leader loop decided the command; 0 for commands from outside.</param>
/// <param name="NextEventSeq">event_seq the command's first event will have.</param>
/// <param name="NextOrdinal">Place of that event among the events of the entry.</param>
public readonly record struct EntryContext(LogTime Time, ulong Index, ulong Term, ulong DecidedInTerm, ulong NextEventSeq, uint NextOrdinal)
{
    /// <summary>Reference of the command's n-th event, from 0.</summary>
    public EventRef RefOf(int ordinalInDecision) =>
        new(NextEventSeq + (ulong)ordinalInDecision, Index, NextOrdinal + (uint)ordinalInDecision);

    public EventContext ContextOf(int ordinalInDecision) =>
        new(NextEventSeq + (ulong)ordinalInDecision, Index, Term, NextOrdinal + (uint)ordinalInDecision, Time);
}
