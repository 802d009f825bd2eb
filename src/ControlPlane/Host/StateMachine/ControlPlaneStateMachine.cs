using System.Buffers;
using VideoScale.Consensus;
using VideoScale.ControlPlane.Audit;
using VideoScale.ControlPlane.Canonical;
using VideoScale.ControlPlane.Cluster;
using VideoScale.ControlPlane.Commands;
using VideoScale.ControlPlane.Events;
using VideoScale.ControlPlane.Fields;
using VideoScale.ControlPlane.Host.Observability;
using VideoScale.ControlPlane.Requests;
using VideoScale.ControlPlane.State;
using VideoScale.Model;

namespace VideoScale.ControlPlane.Host.StateMachine;

/// <summary>
/// Applies log entries: each command is answered from its stored result, or decided, folded in and written to the event log.
/// Deterministic: nothing but the entry and the state decides. Everything here runs on the apply thread.
/// </summary>
public sealed partial class ControlPlaneStateMachine : IReplicatedStateMachine, IDisposable
{
    private const string Tenant = "default"; // until there are others
    private readonly EventLog.EventLog _events;
    private readonly ReplicaMetrics _metrics;
    private readonly CanonicalWriter _payload = new();
    private readonly CanonicalFieldSink _payloadSink;
    private readonly CanonicalWriter _reply = new();
    private readonly StateHooks _hooks;
    private RequestResults _results = new();
    private LogTime _time;
    private volatile StateSize _size = StateSize.Empty;

    public ControlPlaneStateMachine(EventLog.EventLog events, StateFeed feed, ReplicaMetrics metrics, StateHooks? hooks = null)
    {
        _events = events;
        _metrics = metrics;
        _hooks = hooks ?? StateHooks.None;
        _payloadSink = new(_payload);
        Feed = feed;
        _events.RestoreEmpty();
    }

    /// <summary>Replicated state. Apply thread only.</summary>
    public ClusterState State { get; private set; } = new();

    public StateFeed Feed { get; }

    /// <summary>What this replica's state hashed to at recent checkpoint marks.</summary>
    public MarkedHashes Marks { get; } = new();

    /// <summary>Time of the log: never goes back. Apply thread only.</summary>
    public LogTime Time => _time;

    /// <summary>Log time after a run of entries, or a snapshot. Apply thread.</summary>
    public Action<LogTime>? TimePassed { get; set; }

    /// <summary>How much is held; read from any thread.</summary>
    public StateSize Size => _size;

    public AnswerUsage AnswersBy { get; } = new();

    /// <summary>A request whose answer, or refusal as malformed, is known without running it. Apply thread.</summary>
    public bool IsAnswered(CommandEnvelope envelope) => envelope.Request is { } request && _results.Find(envelope.Actor.Subject, request, out _) is not null;

    public ulong CompactionLimit => _events.DurableRaftIndex;

    public void Apply(ulong index, ulong term, ReadOnlySpan<byte> command, IBufferWriter<byte> reply)
    {
        var entry = EntryCodec.Read(command); // an unknown command stops the replica here, before anything is applied
        var before = _time;
        _time = LogTime.Max(_time, entry.Time);
        _results.Advance(before, _time, entry.Stamp);
        _reply.Reset();
        uint ordinal = 0;
        foreach (var envelope in entry.Commands) Answer(index, term, envelope, ref ordinal).WriteTo(_reply);
        _metrics.EntryApplied();
        reply.Write(_reply.WrittenSpan);
    }

    public void EndOfBatch(ulong appliedIndex)
    {
        TimePassed?.Invoke(_time);
        Measure();
        _events.EndOfBatch(appliedIndex);
        Feed.Publish(appliedIndex, State);
    }

    /// <summary>Hash of the domain; request results are hashed apart, in snapshots.</summary>
    public UInt128 StateHash() => _hooks.Falsify(State.StateHash());

    public void Dispose()
    {
        _payload.Dispose();
        _reply.Dispose();
    }

    private void Measure() => _size = new(_results.Count, _results.Bytes, _results.OldestEndsMs, State.Rooms.Count, State.MetadataBytes);

    private CommandReply Answer(ulong index, ulong term, CommandEnvelope envelope, ref uint ordinal)
    {
        if (envelope.Request is not { } request) return Decide(index, term, envelope, ref ordinal);
        if (_results.Find(envelope.Actor.Subject, request, out var key) is { } stored)
        {
            _metrics.CommandRepeated();
            return stored;
        }
        var reply = Decide(index, term, envelope, ref ordinal);
        _results.Store(key, request, reply);
        AnswersBy.Add(envelope.Actor.Subject, _results.NowMs);
        return reply;
    }

    private CommandReply Decide(ulong index, ulong term, CommandEnvelope envelope, ref uint ordinal)
    {
        var context = new EntryContext(_time, index, term, envelope.DecidedInTerm, _events.NextSeq, ordinal);
        var decision = Deciders.Decide(State, envelope.Command, context);
        for (var i = 0; i < decision.Events.Count; i++)
        {
            var decided = decision.Events[i];
            var place = context.ContextOf(i);
            State.Evolve(decided.Event, place);
            Record(envelope, decided, place);
            Feed.Collect(decided.Event, place);
        }
        ordinal += (uint)decision.Events.Count;
        _metrics.CommandApplied();
        if (decision.Failure is not null) _metrics.CommandRefused();
        AfterCommand(envelope.Command, decision, index);
        return new(index, decision.Events.Count == 0 ? 0 : _events.NextSeq - 1, decision.Failure, decision.Outcome);
    }

    private void Record(CommandEnvelope envelope, in DecidedEvent decided, in EventContext place)
    {
        var happened = decided.Event;
        _payload.Reset();
        happened.Describe(_payloadSink);
        var cause = decided.Cause.IsNone ? envelope.Cause : decided.Cause;
        var sequenced = _events.Append(new EventDraft
        {
            RaftIndex = place.Index,
            RaftTerm = place.Term,
            OrdinalInEntry = place.Ordinal,
            Stream = happened.Stream,
            Type = EventTypeNames.Of(happened.Type),
            SchemaVersion = happened.SchemaVersion,
            OccurredAt = place.Time,
            ActorSubject = envelope.Actor.Subject,
            ActorKind = envelope.Actor.Kind,
            ActorAuthMethod = envelope.Actor.AuthMethod,
            Tenant = Tenant,
            CorrelationId = envelope.CorrelationId,
            CausationId = cause.IsNone ? EventId.None : _events.EventIdOf(cause.Index, cause.Ordinal),
            CausationSeq = cause.Seq,
            CommandId = envelope.Request?.RequestId ?? "",
            Traceparent = envelope.Traceparent,
            PolicyVersion = happened.PolicyVersion,
            Payload = _payload.WrittenSpan,
        });
        Invariant.Require(sequenced.EventSeq == place.Seq, "the event log numbers events as the deciders did");
    }

    private void AfterCommand(DomainCommand command, Decision decision, ulong index)
    {
        switch (command)
        {
            case ClusterCommand.MarkCheckpoint when decision.Failure is null:
                Marks.Add(MarkedHash.Of(index, StateHash(), _events.Head));
                break;
            case ClusterCommand.CommitCheckpoint commit when decision.Failure is null:
                Compare(commit.Checkpoint);
                break;
        }
    }
}
