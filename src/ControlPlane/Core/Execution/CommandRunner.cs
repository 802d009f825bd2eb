using VideoScale.ControlPlane.Canonical;
using VideoScale.ControlPlane.Clocks;
using VideoScale.ControlPlane.Cluster;
using VideoScale.ControlPlane.Commands;
using VideoScale.ControlPlane.Decisions;
using VideoScale.ControlPlane.Events;
using VideoScale.ControlPlane.Outcomes;
using VideoScale.ControlPlane.Requests;
using VideoScale.ControlPlane.State;
using VideoScale.Model;

namespace VideoScale.ControlPlane.Execution;

/// <summary>Runs commands of log entries in order: the answer of an earlier try, or decide, fold, record, and keep the answer.</summary>
/// <remarks>
/// Deterministic: state, kept answers, log time and the entry decide, nothing else. One caller. Replicas, tests, benches and the simulator
/// run entries here and nowhere else.
/// </remarks>
public sealed class CommandRunner(ClusterState state, RequestResults results, ICommandSink sink, LogTime time = default)
{
    private ulong _index;
    private uint _ordinal; // of the next event of the entry at that index

    public ClusterState State => state;
    public RequestResults Results => results;

    /// <summary>Log time: as entries were stamped, clamped so that it never goes back.</summary>
    public LogTime Time { get; private set; } = time;

    /// <param name="replies">Gets the answers' canonical bytes, in the order of the commands.</param>
    public void Run(LogEntry entry, ulong index, ulong term, CanonicalWriter replies)
    {
        if (state.Cluster.Seal is null) Begin(index, entry.Stamp);
        for (var i = 0; i < entry.Commands.Count; i++) RunOne(entry.Commands[i], index, term, entry.Stamp).WriteTo(replies);
    }

    /// <summary>An entry of one command, or one more of the entry at this index.</summary>
    public CommandReply Run(CommandEnvelope envelope, ulong index, ulong term, in EntryStamp stamp)
    {
        if (state.Cluster.Seal is null) Begin(index, stamp);
        return RunOne(envelope, index, term, stamp);
    }

    /// <summary>In a sealed log nothing is run, no time passes and no answer is kept, but for the command with which it goes on.</summary>
    private CommandReply RunOne(CommandEnvelope envelope, ulong index, ulong term, in EntryStamp stamp)
    {
        if (state.Cluster.Seal is { } seal)
        {
            if (envelope.Command is not ClusterCommand.RaiseRecoveryGeneration) return Refuse(envelope, index, seal);
            Begin(index, stamp);
        }
        return Answer(envelope, index, term);
    }

    private CommandReply Refuse(CommandEnvelope envelope, ulong index, LogSeal seal)
    {
        sink.Repeated(envelope);
        return envelope.Request is { } request && results.Find(envelope.Actor.Subject, request, out _) is { Replayed: true } kept ? kept
            : new(index, 0, seal.Refusal, CommandOutcome.Empty);
    }

    private void Begin(ulong index, in EntryStamp stamp)
    {
        var before = Time;
        Time = LogTime.Max(Time, stamp.Time);
        results.Advance(before, Time, stamp);
        if (_index != index) (_index, _ordinal) = (index, 0);
    }

    private CommandReply Answer(CommandEnvelope envelope, ulong index, ulong term)
    {
        UInt128 key = 0;
        if (envelope.Request is { } request && results.Find(envelope.Actor.Subject, request, out key) is { } kept)
        {
            sink.Repeated(envelope);
            return kept;
        }
        var reply = Decide(envelope, index, term);
        if (envelope.Request is not null) results.Store(key, envelope.Request, reply);
        sink.Answered(envelope, reply);
        return reply;
    }

    private CommandReply Decide(CommandEnvelope envelope, ulong index, ulong term)
    {
        var entry = new EntryContext(Time, index, term, envelope.DecidedInTerm, state.LastEventSeq + 1, _ordinal);
        var decision = Deciders.Decide(state, envelope.Command, entry);
        var events = decision.Events;
        for (var i = 0; i < events.Length; i++)
        {
            var context = entry.ContextOf(i);
            state.Evolve(events[i].Event, context);
            sink.Happened(events[i].Event, context, events[i].Cause.IsNone ? envelope.Cause : events[i].Cause, envelope);
        }
        _ordinal += (uint)events.Length;
        return new(index, events.Length == 0 ? 0 : state.LastEventSeq, decision.Failure, decision.Outcome);
    }
}
