using System.Runtime.CompilerServices;
using Grpc.Core;
using VideoScale.Cli.CommandLine;
using VideoScale.Cli.Ctl;
using VideoScale.ControlPlane.Host.Audit;
using VideoScale.ControlPlane.Host.Cluster;
using VideoScale.ControlPlane.Host.EventLog;
using VideoScale.Model;
using VideoScale.Rpc;
using VideoScale.V1;
using AuditService = VideoScale.V1.AuditService;

namespace VideoScale.Cli.Audit;

/// <summary>Who answers questions about the event log: a running cluster, or a stopped replica's directory.</summary>
internal interface IAuditBackend
{
    /// <summary>Last event there is.</summary>
    Task<ulong> LastSeqAsync(CancellationToken cancellationToken);
    IAsyncEnumerable<Event> ReadAll(ReadAllRequest request, CancellationToken cancellationToken);
    IAsyncEnumerable<Event> ReadStream(ReadStreamRequest request, CancellationToken cancellationToken);
    /// <summary>For ever; only where the log can grow.</summary>
    IAsyncEnumerable<Event> Subscribe(SubscribeRequest request, CancellationToken cancellationToken);
    Task<StateAtReply> StateAtAsync(StateAtRequest request, CancellationToken cancellationToken);
    Task<ExplainReply> ExplainAsync(ExplainRequest request, CancellationToken cancellationToken);
    Task<VerifyReply> VerifyAsync(VerifyRequest request, Action<ulong>? progress, CancellationToken cancellationToken);
    Task<DiffReply> DiffAsync(DiffRequest request, CancellationToken cancellationToken);
    Task<GetProofReply> ProveAsync(GetProofRequest request, CancellationToken cancellationToken);
    Task<SignedCheckpoint> CheckpointAsync(GetCheckpointRequest request, CancellationToken cancellationToken);
}

/// <summary>Asks any replica over gRPC. Answers may take long: only silence is an error, not slowness.</summary>
internal sealed class LiveAudit(CtlSession session) : IAuditBackend
{
    private readonly AuditService.AuditServiceClient _client = new(session.Invoker);

    public async Task<ulong> LastSeqAsync(CancellationToken cancellationToken)
    {
        var status = await session.Cluster.GetStatusAsync(new(), session.Call(cancellationToken));
        session.Output.Answered(); // a quiet log is no silent cluster
        return status.EventSeq;
    }

    public async IAsyncEnumerable<Event> ReadAll(ReadAllRequest request, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var rest = request.Clone();
        await foreach (
            var e in LongStream.ReadAsync(session, () => _client.ReadAll(rest, cancellationToken: cancellationToken), cancellationToken))
        {
            yield return e;
            rest.FromSeq = e.EventSeq + 1;
            if (rest.FromSeq > rest.ToSeq && rest.ToSeq > 0 || rest.Limit > 0 && --rest.Limit == 0) yield break;
        }
    }

    public async IAsyncEnumerable<Event> ReadStream(ReadStreamRequest request, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var rest = request.Clone();
        await foreach (
            var e in LongStream.ReadAsync(session, () => _client.ReadStream(rest, cancellationToken: cancellationToken), cancellationToken))
        {
            yield return e;
            rest.FromVersion = e.StreamVersion + 1;
            if (rest.Limit > 0 && --rest.Limit == 0) yield break;
        }
    }

    /// <summary>Goes on after the last event that came, with whichever replica serves.</summary>
    public async IAsyncEnumerable<Event> Subscribe(SubscribeRequest request, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await foreach (var e in LongStream.ReadAsync(session, () => _client.Subscribe(request, cancellationToken: cancellationToken),
            cancellationToken))
        {
            request.FromSeq = e.EventSeq + 1;
            yield return e;
        }
    }

    public async Task<StateAtReply> StateAtAsync(StateAtRequest request, CancellationToken cancellationToken) =>
        await _client.StateAtAsync(request, cancellationToken: cancellationToken);

    public async Task<ExplainReply> ExplainAsync(ExplainRequest request, CancellationToken cancellationToken) =>
        await _client.ExplainAsync(request, session.Call(cancellationToken));

    public async Task<VerifyReply> VerifyAsync(VerifyRequest request, Action<ulong>? progress, CancellationToken cancellationToken) =>
        await _client.VerifyAsync(request, cancellationToken: cancellationToken);

    public async Task<DiffReply> DiffAsync(DiffRequest request, CancellationToken cancellationToken) =>
        await _client.DiffAsync(request, cancellationToken: cancellationToken);

    public async Task<GetProofReply> ProveAsync(GetProofRequest request, CancellationToken cancellationToken) =>
        await _client.GetProofAsync(request, cancellationToken: cancellationToken);

    public async Task<SignedCheckpoint> CheckpointAsync(GetCheckpointRequest request, CancellationToken cancellationToken) =>
        await _client.GetCheckpointAsync(request, session.Call(cancellationToken));
}

/// <summary>Reads a directory itself; changes nothing in it.</summary>
internal sealed class OfflineAudit : IAuditBackend
{
    private readonly AuditQueries _queries;

    public OfflineAudit(string directory)
    {
        _queries = new(EventLogReader.OpenDirectory(EventDirectory(directory)), KeptFolds.None);
        foreach (var damage in _queries.Log.Damages)
            Console.Error.WriteLine(
                $"note: {damage.Path} cannot be read from byte {damage.Offset} on, after event {damage.AfterSeq}: {damage.Problem}");
    }

    public EventLogReader Log => _queries.Log;

    public Task<ulong> LastSeqAsync(CancellationToken cancellationToken) => Task.FromResult(_queries.Log.LastSeq);

    public IAsyncEnumerable<Event> ReadAll(ReadAllRequest request, CancellationToken cancellationToken) =>
        Checked(_queries.Check(request), () => _queries.ReadAll(request), cancellationToken);

    public IAsyncEnumerable<Event> ReadStream(ReadStreamRequest request, CancellationToken cancellationToken) =>
        Checked(_queries.Check(request), () => _queries.ReadStream(request), cancellationToken);

    public IAsyncEnumerable<Event> Subscribe(SubscribeRequest request, CancellationToken cancellationToken) =>
        throw new CliException("--follow needs a running cluster: a stopped replica's log does not grow; leave out --data or --follow");

    public Task<StateAtReply> StateAtAsync(StateAtRequest request, CancellationToken cancellationToken) =>
        Task.Run(() => ValueOf(_queries.StateAt(request, cancellationToken)), cancellationToken);

    public Task<ExplainReply> ExplainAsync(ExplainRequest request, CancellationToken cancellationToken) =>
        Task.FromResult(ValueOf(_queries.Explain(request)));

    public Task<VerifyReply> VerifyAsync(VerifyRequest request, Action<ulong>? progress, CancellationToken cancellationToken)
    {
        Refuse(_queries.Check(request));
        return Task.Run(() => _queries.Verify(request, progress, cancellationToken), cancellationToken);
    }

    public Task<DiffReply> DiffAsync(DiffRequest request, CancellationToken cancellationToken) =>
        Task.Run(() => ValueOf(_queries.Diff(request, cancellationToken)), cancellationToken);

    public Task<GetProofReply> ProveAsync(GetProofRequest request, CancellationToken cancellationToken) =>
        Task.Run(() => ValueOf(_queries.Prove(request, cancellationToken)), cancellationToken);

    public Task<SignedCheckpoint> CheckpointAsync(GetCheckpointRequest request, CancellationToken cancellationToken) =>
        Task.Run(() => ValueOf(_queries.Checkpoint(request, null)), cancellationToken);

    /// <summary>The directory named, or the one of the event log inside a replica's data directory.</summary>
    private static string EventDirectory(string directory)
    {
        if (!Directory.Exists(directory)) throw new CliException($"--data: {directory} does not exist");
        if (Directory.EnumerateFiles(directory, "events-*.seg").Any()) return directory;
        var inside = Path.Combine(directory, ClusterFiles.EventsName);
        if (Directory.Exists(inside)) return inside;
        var replicas = Directory.EnumerateDirectories(directory).Where(d => Directory.Exists(Path.Combine(d, ClusterFiles.EventsName)))
            .Order(StringComparer.Ordinal).ToArray();
        throw new CliException($"--data: {directory} holds no event log; "
            + (replicas.Length > 0 ? $"name one replica's directory: {string.Join(", ", replicas)}" : "name a replica's data directory"));
    }

    private static async IAsyncEnumerable<Event> Checked(Failure? refused, Func<IEnumerable<Event>> read,
        [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        Refuse(refused);
        foreach (var e in read())
        {
            cancellationToken.ThrowIfCancellationRequested();
            yield return e;
        }
        await Task.CompletedTask;
    }

    private static T ValueOf<T>(Answer<T> answer) where T : class
    {
        Refuse(answer.Failure);
        return answer.Value!;
    }

    private static void Refuse(Failure? failure)
    {
        if (failure is not null) throw new CliException($"refused: {failure.Message}") { ExitCode = Exit.Refused };
    }
}
