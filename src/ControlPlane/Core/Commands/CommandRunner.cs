namespace VideoScale.ControlPlane.Commands;

/// <summary>Takes each event as it is decided and folded: the event log.</summary>
public interface IEventSink
{
    void Append(DomainEvent happened, in EventContext context, EventRef cause, CommandEnvelope envelope);
}

/// <summary>Runs the commands of an entry one after the other: answer of an earlier try, or decide, fold, record, and keep the answer.</summary>
/// <remarks>Deterministic; one caller. The state machine of a replica and every test of the domain go through here.</remarks>
public sealed class CommandRunner(ClusterState state, RequestResults results, IEventSink sink)
{
    private ulong _index;
    private uint _ordinal;

    /// <param name="entryTime">As stamped by the leader; clamped here so that it never goes back.</param>
    public CommandReply Run(CommandEnvelope envelope, ulong index, ulong term, LogTime entryTime)
    {
        if (_index != index) (_index, _ordinal) = (index, 0);
        var time = LogTime.Max(entryTime, LogTime.Max(state.LastTime, new(results.NowMs)));
        results.Advance(time);
        UInt128 key = 0;
        if (envelope.Request is { } request && results.Find(envelope.Actor.Subject, request, out key) is { } kept) return kept;
        var entry = new EntryContext(time, index, term, envelope.DecidedInTerm, state.LastEventSeq + 1, _ordinal);
        var decision = Deciders.Decide(state, envelope.Command, entry);
        var eventSeq = Record(decision, envelope, entry);
        var reply = new CommandReply(index, eventSeq, decision.Failure, decision.Outcome);
        if (envelope.Request is not null) results.Store(key, envelope.Request, reply);
        return reply;
    }

    private ulong Record(Decision decision, CommandEnvelope envelope, in EntryContext entry)
    {
        var events = decision.Events;
        if (events.Count == 0 && decision.Failure is { Code: not FailureCode.InvalidArgument } failure && envelope.Request is not null)
        {
            // What someone outside asked for and was refused is remembered too; what was malformed is about nothing.
            var refused = new DecidedEvents(entry);
            refused.Add(new ClusterEvent.CommandRejected(envelope.Command.Subject, envelope.Request.Method, failure.Code, ClusterDecider.Shorten(failure.Message)));
            events = refused.List;
        }
        for (var i = 0; i < events.Count; i++)
        {
            var context = entry.ContextOf(i);
            state.Evolve(events[i].Event, context);
            sink.Append(events[i].Event, context, events[i].Cause.IsNone ? envelope.Cause : events[i].Cause, envelope);
        }
        _ordinal += (uint)events.Count;
        return events.Count == 0 ? 0 : entry.NextEventSeq + (ulong)events.Count - 1;
    }
}
