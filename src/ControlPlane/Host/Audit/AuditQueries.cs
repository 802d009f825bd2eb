using System.Security.Cryptography.X509Certificates;
using Google.Protobuf;
using VideoScale.ControlPlane.Events;
using VideoScale.ControlPlane.Host.EventLog;
using VideoScale.Model;
using VideoScale.V1;

namespace VideoScale.ControlPlane.Host.Audit;

/// <summary>The questions of AuditService against one event log: a running replica's or a stopped one's. Checks what comes in.</summary>
public sealed class AuditQueries(EventLogReader log, KeptFolds folds)
{
    private const int MaxStreamNameLength = 128;
    private const string RoomStreams = "room-";
    private const int DefaultChanges = 1_000, MaxChanges = 10_000;

    public EventLogReader Log => log;

    public Failure? Check(ReadAllRequest request)
    {
        if (request.ToSeq != 0 && request.ToSeq < request.FromSeq)
            return Failure.InvalidArgument($"to_seq: {request.ToSeq} breaks the rule: 0, or not before from_seq ({request.FromSeq})");
        return CheckTypes(request.Types_) ?? CheckFloor(request.FromSeq);
    }

    public Failure? Check(ReadStreamRequest request) => CheckStream(StreamOf(request.Stream));

    public Failure? Check(SubscribeRequest request) =>
        CheckTypes(request.Types_) ?? (request.FromSeq == 0 ? null : CheckFloor(request.FromSeq));

    public Failure? Check(VerifyRequest request)
    {
        if (request.ToSeq != 0 && request.ToSeq < request.FromSeq)
            return Failure.InvalidArgument($"to_seq: {request.ToSeq} breaks the rule: 0, or not before from_seq ({request.FromSeq})");
        return request.FromSeq == 0 ? null : CheckFloor(request.FromSeq);
    }

    /// <summary>Events as they stand now; checked before.</summary>
    public IEnumerable<Event> ReadAll(ReadAllRequest request)
    {
        var wanted = TypesOf(request.Types_);
        var (last, sent) = (request.ToSeq == 0 ? log.LastSeq : Math.Min(request.ToSeq, log.LastSeq), 0U);
        using var cursor = log.Read(Math.Max(request.FromSeq, Math.Max(1, log.Floor)));
        while (cursor.Seq < last && cursor.MoveNext())
        {
            if (ToWire(cursor, wanted) is not { } found) continue;
            yield return found;
            if (request.Limit != 0 && ++sent == request.Limit) yield break;
        }
    }

    public IEnumerable<Event> ReadStream(ReadStreamRequest request)
    {
        using var cursors = new CursorNear(log);
        var sent = 0U;
        foreach (var seq in log.StreamSeqs(StreamOf(request.Stream), request.FromVersion))
        {
            _ = cursors.At(seq);
            yield return ToWire(cursors.Current!, null)!;
            if (request.Limit != 0 && ++sent == request.Limit) yield break;
        }
    }

    /// <summary>The event a cursor stands on; null when its type is not wanted.</summary>
    public static Event? ToWire(EventCursor cursor, HashSet<EventType>? wanted)
    {
        var view = cursor.View;
        if (wanted is not null && !(EventTypeTable.TryFind(view.Type, out var type) && wanted.Contains(type))) return null;
        return EventMapping.ToWire(view.ToEnvelope(cursor.Chain));
    }

    public static HashSet<EventType>? TypesOf(IReadOnlyCollection<string> names) =>
        names.Count == 0 ? null : [.. names.Select(Enum.Parse<EventType>)];

    public Answer<ExplainReply> Explain(ExplainRequest request) => request.SubjectCase switch
    {
        ExplainRequest.SubjectOneofCase.RoomId =>
            RoomName.Check("room_id", request.RoomId) is { } wrong ? wrong : Causes.OfRoom(log, RoomName.Find(request.RoomId)),
        ExplainRequest.SubjectOneofCase.EventSeq when request.EventSeq == 0 =>
            Failure.InvalidArgument("event_seq: 0 breaks the rule: from 1"),
        ExplainRequest.SubjectOneofCase.EventSeq => Causes.OfEvent(log, request.EventSeq),
        _ => Failure.InvalidArgument("subject: nothing breaks the rule: one of room_id, event_seq"),
    };

    /// <summary>Long. Never on the apply thread.</summary>
    public Answer<StateAtReply> StateAt(StateAtRequest request, CancellationToken cancellationToken) =>
        PastStates.Resolve(log, request, out var seq) is { } refused ? refused
            : PastStates.At(log, folds, seq, request.Scope, cancellationToken);

    public Failure? Check(DiffRequest request, out ulong from, out ulong to)
    {
        (from, to) = (0, 0);
        if (request.Limit > MaxChanges)
            return Failure.InvalidArgument($"limit: {request.Limit} breaks the rule: at most {MaxChanges}; 0 for {DefaultChanges}");
        return StateView.Check(request.Scope) ?? PastStates.Resolve(log, request.From, "from.", out from)
            ?? PastStates.Resolve(log, request.To, "to.", out to);
    }

    /// <summary>Long. Never on the apply thread.</summary>
    public Answer<DiffReply> Diff(DiffRequest request, CancellationToken cancellationToken)
    {
        if (Check(request, out var from, out var to) is { } refused) return refused;
        var before = PastStates.FoldTo(log, folds, from, cancellationToken);
        var after = PastStates.FoldTo(log, folds, to, cancellationToken);
        var diff = new StateDiff(request.Limit == 0 ? DefaultChanges : (int)request.Limit);
        if (request.Scope.Length == 0) diff.Compare(before, after);
        else diff.Compare(request.Scope, before, after);
        return new DiffReply { Changes = { diff.Changes }, Truncated = diff.Truncated, FromSeq = from, ToSeq = to };
    }

    /// <summary>Long. Never on the apply thread.</summary>
    public Answer<GetProofReply> Prove(GetProofRequest request, CancellationToken cancellationToken) =>
        LogProofs.Prove(log, request, cancellationToken);

    /// <param name="certificate">Signs it; null leaves it unsigned.</param>
    public Answer<SignedCheckpoint> Checkpoint(GetCheckpointRequest request, X509Certificate2? certificate) =>
        LogProofs.Newest(log, request.AtMost, certificate);

    /// <summary>Long. Never on the apply thread.</summary>
    public VerifyReply Verify(VerifyRequest request, Action<ulong>? progress, CancellationToken cancellationToken)
    {
        var found = EventLogVerifier.Verify(log, request.FromSeq, request.ToSeq, progress, cancellationToken);
        return new()
        {
            Ok = found.Ok,
            Events = found.Events,
            Checkpoints = found.Checkpoints,
            FirstBadSeq = found.FirstBadSeq,
            Problem = found.Problem,
            ChainHead = ByteString.CopyFrom(found.ChainHead.ToArray()),
            MerkleRoot = ByteString.CopyFrom(found.MerkleRoot.ToArray()),
            VerifiedFrom = found.From,
            VerifiedTo = found.To,
        };
    }

    private Failure? CheckFloor(ulong fromSeq) =>
        Math.Max(fromSeq, 1) >= log.Floor ? null
            : Failure.OutOfRange($"event {Math.Max(fromSeq, 1)} is not held here; the floor is {log.Floor}");

    /// <summary>A room's stream bears its id; one may ask by its name.</summary>
    private static string StreamOf(string asked) =>
        asked.StartsWith(RoomStreams, StringComparison.Ordinal) && RoomName.Check("stream", asked[RoomStreams.Length..]) is null
        ? RoomStreams + RoomName.Find(asked[RoomStreams.Length..]) : asked;

    private Failure? CheckStream(string stream)
    {
        if (stream.Length is 0 or > MaxStreamNameLength)
            return Failure.InvalidArgument(
                $"stream: {stream.Length} characters break the rule: 1 to {MaxStreamNameLength}, e.g. room-standup, node-media-0, cluster");
        if (log.Floor > 1 && log.LastSeq > 0)
            return Failure.OutOfRange($"the log is held here from event {log.Floor} on only; older segments are being fetched");
        return null;
    }

    private static Failure? CheckTypes(IEnumerable<string> types)
    {
        foreach (var name in types)
            if (!Enum.TryParse<EventType>(name, out _) || char.IsAsciiDigit(name[0]))
                return Failure.InvalidArgument(
                    $"types: \"{TextLimits.Shown(name)}\" breaks the rule: one of {string.Join(", ", Enum.GetNames<EventType>())}");
        return null;
    }
}
