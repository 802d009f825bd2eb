using System.Security.Cryptography.X509Certificates;
using Grpc.Core;
using VideoScale.ControlPlane.Host.EventLog;
using VideoScale.ControlPlane.Host.Replication;
using VideoScale.Model;
using VideoScale.Rpc;
using VideoScale.V1;
using VideoScale.Wire;

namespace VideoScale.ControlPlane.Host.Audit;

/// <summary>
/// The event log over gRPC, answered by any replica from its own disk. A question sees every event that the replica had derived when it
/// came. What takes long runs on threads of its own, a few at a time, and never touches the apply thread.
/// </summary>
[RequireRole(Role.Viewer)]
public sealed class AuditService : V1.AuditService.AuditServiceBase, IDisposable
{
    private readonly EventLog.EventLog _events;
    private readonly AuditQueries _queries;
    private readonly AuditOptions _options;
    private readonly SemaphoreSlim _turns;
    private readonly LeaderAbsence? _absence;
    private readonly Func<X509Certificate2?>? _certificate;
    private volatile Ending _ending = new();
    private int _waiting, _subscribers;

    /// <summary>Of the subscriptions begun since the last one.</summary>
    private sealed class Ending : CancellationTokenSource
    {
        internal string Why { get; set; } = "";
    }

    /// <param name="absence">Refuses subscriptions while no leader is known; null: never.</param>
    /// <param name="certificate">What signs checkpoints now; null: they are given unsigned.</param>
    public AuditService(EventLog.EventLog events, AuditOptions? options = null, LeaderAbsence? absence = null,
        Func<X509Certificate2?>? certificate = null)
    {
        (_absence, _certificate) = (absence, certificate);
        _options = options ?? new();
        _events = events;
        Folds = new(Path.Combine(events.Directory, "folds"));
        _queries = new(events.Reader, Folds);
        _turns = new(_options.MaxRunning);
    }

    internal KeptFolds Folds { get; }

    /// <summary>Null where there is no replica around it: nothing is exported.</summary>
    internal LeadersExport? Exported { get; init; }

    public override async Task ReadAll(ReadAllRequest request, IServerStreamWriter<Event> responseStream, ServerCallContext context)
    {
        await SeeWhatIsDerived(context.CancellationToken);
        Refuse(_queries.Check(request));
        await context.WriteResponseHeadersAsync([]); // it is served here: nobody need be asked beside
        await Send(_queries.ReadAll(request), responseStream, context.CancellationToken);
    }

    public override async Task ReadStream(ReadStreamRequest request, IServerStreamWriter<Event> responseStream, ServerCallContext context)
    {
        await SeeWhatIsDerived(context.CancellationToken);
        Refuse(_queries.Check(request));
        await context.WriteResponseHeadersAsync([]); // it is served here: nobody need be asked beside
        await Send(_queries.ReadStream(request), responseStream, context.CancellationToken);
    }

    public override async Task Subscribe(SubscribeRequest request, IServerStreamWriter<Event> responseStream, ServerCallContext context)
    {
        Refuse(_queries.Check(request));
        _absence?.Check();
        var ending = _ending;
        var log = _queries.Log;
        var wanted = AuditQueries.TypesOf(request.Types_);
        if (Interlocked.Increment(ref _subscribers) > _options.MaxSubscribers)
        {
            Interlocked.Decrement(ref _subscribers);
            throw Failure.Exhausted($"subscribers: {_options.MaxSubscribers} of {_options.MaxSubscribers} in use, 1 too many")
                .ToRpcException();
        }
        using var ends = CancellationTokenSource.CreateLinkedTokenSource(context.CancellationToken, ending.Token);
        using var writes = new LastWrite(ends.Token, context.CancellationToken);
        try
        {
            using var cursor = log.Read(request.FromSeq == 0 ? Math.Max(_events.AppendedSeq, log.LastSeq) + 1 : request.FromSeq);
            await context.WriteResponseHeadersAsync([]); // from here on nothing is missed: the caller may know
            while (true)
            {
                // Each event is read only once the one before it was taken: a slow subscriber holds one buffer, not a backlog.
                while (Guard(() => cursor.MoveNext()))
                {
                    if (AuditQueries.ToWire(cursor, wanted) is { } found) await responseStream.WriteAsync(found, writes.Token);
                    ends.Token.ThrowIfCancellationRequested();
                }
                cursor.Rest();
                await log.WaitAsync(cursor.Seq + 1, ends.Token);
            }
        }
        catch (OperationCanceledException) when (ending.IsCancellationRequested)
        {
            throw Failure.Unavailable($"{ending.Why}; subscribe to another one, from the event after the last one received")
                .ToRpcException();
        }
        finally { Interlocked.Decrement(ref _subscribers); }
    }

    public override async Task<StateAtReply> StateAt(StateAtRequest request, ServerCallContext context)
    {
        await SeeWhatIsDerived(context.CancellationToken);
        Refuse(PastStates.Resolve(_queries.Log, request, out _));
        return await ValueInTurn(() => _queries.StateAt(request, context.CancellationToken), context.CancellationToken);
    }

    public override async Task<ExplainReply> Explain(ExplainRequest request, ServerCallContext context)
    {
        await SeeWhatIsDerived(context.CancellationToken);
        var answer = Guard(() => _queries.Explain(request));
        Refuse(answer.Failure);
        return answer.Value!;
    }

    public override async Task<VerifyReply> Verify(VerifyRequest request, ServerCallContext context)
    {
        await SeeWhatIsDerived(context.CancellationToken);
        Refuse(_queries.Check(request));
        return await InTurn(() => _queries.Verify(request, null, context.CancellationToken), context.CancellationToken);
    }

    public override async Task<ExportStatusReply> ExportStatus(ExportStatusRequest request, ServerCallContext context) =>
        Exported is null ? new ExportStatusReply { LogSeq = _queries.Log.LastSeq } : await Exported.StatusAsync(request, context);

    public override async Task<DiffReply> Diff(DiffRequest request, ServerCallContext context)
    {
        await SeeWhatIsDerived(context.CancellationToken);
        Refuse(_queries.Check(request, out _, out _));
        return await ValueInTurn(() => _queries.Diff(request, context.CancellationToken), context.CancellationToken);
    }

    public override async Task<GetProofReply> GetProof(GetProofRequest request, ServerCallContext context)
    {
        await SeeWhatIsDerived(context.CancellationToken);
        return await ValueInTurn(() => _queries.Prove(request, context.CancellationToken), context.CancellationToken);
    }

    public override async Task<SignedCheckpoint> GetCheckpoint(GetCheckpointRequest request, ServerCallContext context)
    {
        await SeeWhatIsDerived(context.CancellationToken);
        return await ValueInTurn(() => _queries.Checkpoint(request, _certificate?.Invoke()), context.CancellationToken);
    }

    /// <summary>Ends the subscriptions, so that their callers go elsewhere.</summary>
    public void EndAll(string why)
    {
        var ending = Interlocked.Exchange(ref _ending, new Ending());
        ending.Why = why;
        ending.Cancel(); // not disposed of: a subscription may be linking to it
    }

    public void Dispose()
    {
        _turns.Dispose();
    }

    /// <summary>The writer lags by milliseconds: who was told of a command finds its events here.</summary>
    private Task SeeWhatIsDerived(CancellationToken cancellationToken) => _queries.Log.WaitAsync(_events.AppendedSeq, cancellationToken);

    private static async Task Send(IEnumerable<Event> events, IServerStreamWriter<Event> stream, CancellationToken cancellationToken)
    {
        using var next = events.GetEnumerator();
        while (Guard(next.MoveNext)) await stream.WriteAsync(next.Current, cancellationToken);
    }

    private async Task<T> ValueInTurn<T>(Func<Answer<T>> work, CancellationToken cancellationToken) where T : class
    {
        var answer = await InTurn(work, cancellationToken);
        Refuse(answer.Failure);
        return answer.Value!;
    }

    private async Task<T> InTurn<T>(Func<T> work, CancellationToken cancellationToken)
    {
        if (Interlocked.Increment(ref _waiting) > _options.MaxWaiting + _options.MaxRunning)
        {
            Interlocked.Decrement(ref _waiting);
            throw Failure.Exhausted(
                $"questions about the past: {_options.MaxRunning} running and {_options.MaxWaiting} waiting already, 1 too many; ask "
                + $"again later").ToRpcException();
        }
        try
        {
            await _turns.WaitAsync(cancellationToken);
            try
            {
                return await Task.Factory.StartNew(() => Guard(work), cancellationToken, TaskCreationOptions.LongRunning,
                    TaskScheduler.Default);
            }
            finally { _turns.Release(); }
        }
        finally { Interlocked.Decrement(ref _waiting); }
    }

    private static void Refuse(Failure? failure)
    {
        if (failure is not null) throw failure.ToRpcException();
    }

    private static T Guard<T>(Func<T> work)
    {
        try { return work(); }
        catch (EventLogException e)
        {
            throw new RpcException(
                new Status(e.Problem == EventLogProblem.OutOfRange ? StatusCode.OutOfRange : StatusCode.DataLoss, e.Message));
        }
    }
}
