using System.Buffers;
using VideoScale.Consensus;
using VideoScale.ControlPlane.Audit;
using VideoScale.ControlPlane.Canonical;
using VideoScale.ControlPlane.Catalogue;
using VideoScale.ControlPlane.Cluster;
using VideoScale.ControlPlane.Commands;
using VideoScale.ControlPlane.Events;
using VideoScale.ControlPlane.Execution;
using VideoScale.ControlPlane.Fields;
using VideoScale.ControlPlane.Host.Observability;
using VideoScale.ControlPlane.Outcomes;
using VideoScale.ControlPlane.Requests;
using VideoScale.ControlPlane.State;
using VideoScale.Model;

namespace VideoScale.ControlPlane.Host.Replication;

/// <summary>
/// Applies log entries through a <see cref="CommandRunner"/>, writes what happened to the event log and tells listeners.
/// Deterministic: nothing but the entry and the state decides. Everything here runs on the apply thread.
/// </summary>
public sealed partial class ControlPlaneStateMachine : IReplicatedStateMachine, ICommandSink, IDisposable
{
    private const string Tenant = "default"; // until there are others
    private readonly EventLog.EventLog _events;
    private readonly ReplicaMetrics _metrics;
    private readonly CanonicalWriter _payload = new();
    private readonly CanonicalFieldSink _payloadSink;
    private readonly CanonicalWriter _reply = new();
    private readonly StateHooks _hooks;
    private CommandRunner _runner;
    private volatile StateSize _size = StateSize.Empty;

    public ControlPlaneStateMachine(EventLog.EventLog events, StateFeed feed, ReplicaMetrics metrics, StateHooks? hooks = null)
    {
        _events = events;
        _metrics = metrics;
        _hooks = hooks ?? StateHooks.None;
        _payloadSink = new(_payload);
        _runner = new(new(), new(), this);
        Feed = feed;
        _events.RestoreEmpty();
    }

    /// <summary>Replicated state. Apply thread only.</summary>
    public ClusterState State => _runner.State;

    public StateFeed Feed { get; }

    /// <summary>What this replica's state hashed to at recent checkpoint marks.</summary>
    public MarkedHashes Marks { get; } = new();

    /// <summary>Time of the log: never goes back. Apply thread only.</summary>
    public LogTime Time => _runner.Time;

    /// <summary>Log time after a run of entries, or a snapshot. Apply thread.</summary>
    public Action<LogTime>? TimePassed { get; set; }

    /// <summary>How much is held; read from any thread.</summary>
    public StateSize Size => _size;

    public AnswerUsage AnswersBy { get; } = new();

    /// <summary>A request whose answer, or refusal as malformed, is known without running it. Apply thread.</summary>
    public bool IsAnswered(CommandEnvelope envelope) =>
        envelope.Request is { } request && Results.Find(envelope.Actor.Subject, request, out _) is not null;

    public ulong CompactionLimit => _events.DurableRaftIndex;

    private RequestResults Results => _runner.Results;

    public void Apply(ulong index, ulong term, ReadOnlySpan<byte> command, IBufferWriter<byte> reply)
    {
        var entry = EntryCodec.Read(command); // an unknown command stops the replica here, before anything is applied
        _reply.Reset();
        _runner.Run(entry, index, term, _reply);
        _metrics.EntryApplied();
        reply.Write(_reply.WrittenSpan);
    }

    public void EndOfBatch(ulong appliedIndex)
    {
        TimePassed?.Invoke(Time);
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

    void ICommandSink.Happened(DomainEvent happened, in EventContext context, EventRef cause, CommandEnvelope envelope)
    {
        Record(envelope, happened, cause, context);
        Feed.Collect(happened, context);
    }

    void ICommandSink.Answered(CommandEnvelope envelope, CommandReply reply)
    {
        if (envelope.Request is not null) AnswersBy.Add(envelope.Actor.Subject, Results.NowMs);
        _metrics.CommandApplied();
        if (reply.Failure is not null) _metrics.CommandRefused();
        else if (envelope.Command is ClusterCommand.MarkCheckpoint) Marks.Add(MarkedHash.Of(reply.Index, StateHash(), _events.Head));
        else if (envelope.Command is ClusterCommand.CommitCheckpoint commit) Compare(commit.Checkpoint);
    }

    void ICommandSink.Repeated(CommandEnvelope envelope) => _metrics.CommandRepeated();

    private void Measure() => _size = new(Results.Count, Results.Bytes, Results.OldestEndsMs, State.Rooms.Count, State.MetadataBytes);

    private void Record(CommandEnvelope envelope, DomainEvent happened, EventRef cause, in EventContext place)
    {
        _payload.Reset();
        happened.Describe(_payloadSink);
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
            ActorKind = envelope.Actor.Kind.Word,
            ActorAuthMethod = envelope.Actor.AuthMethod.Word,
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
}
