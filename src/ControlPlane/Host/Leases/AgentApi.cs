using System.Collections.Concurrent;
using Grpc.Core;
using Microsoft.Extensions.Logging;
using VideoScale.ControlPlane.Commands;
using VideoScale.ControlPlane.Decisions;
using VideoScale.ControlPlane.Host.Api;
using VideoScale.ControlPlane.Host.Clocks;
using VideoScale.ControlPlane.Host.Fleets;
using VideoScale.ControlPlane.Host.Leader;
using VideoScale.ControlPlane.Host.Replication;
using VideoScale.ControlPlane.Host.Serving;
using VideoScale.ControlPlane.Nodes;
using VideoScale.Model;
using VideoScale.Rpc;
using VideoScale.V1;
using VideoScale.Wire;
using Capacity = VideoScale.ControlPlane.Placement.Capacity;

namespace VideoScale.ControlPlane.Host.Leases;

/// <summary>
/// Attach: a media node's one stream to the leader. Hello registers it, then heartbeats and reports come in and directives go out.
/// </summary>
[RequireRole(Role.Node)]
public sealed partial class AgentApi(CommandPipeline pipeline, Leadership leadership, LeaderForwarder forwarder, LeaderTerms terms,
    StateQueries queries,
    AgentHub hub, LeaseGrants grants, LeaseLoop leases, Fleet fleet, NodeLoads loads, ServingGate gate, LeaseClock clock,
        ILogger<AgentApi> logger)
        : AgentService.AgentServiceBase
{
    private const int MaxHeld = 1_000_000;
    private readonly ConcurrentDictionary<NodeId, ulong> _refused = new(); // one line for each process that asks for a name in use

    public override async Task Attach(IAsyncStreamReader<AgentMessage> requestStream, IServerStreamWriter<AgentDirective> responseStream,
        ServerCallContext context)
    {
        gate.Check();
        if (!leadership.IsMine) throw forwarder.NotLeader(StatusCode.FailedPrecondition);
        var cancellation = context.CancellationToken;
        if (!await requestStream.MoveNext(cancellation) || requestStream.Current.Hello is not { } hello)
            throw FieldRules.Broken("kind", "", "the first message of the stream is hello");
        var description = Describe(hello);
        var caller = context.GetCaller();
        if (caller is { Role: Role.Node, AuthMethod: AuthMethod.MutualTls } && caller.Subject != "node/" + hello.NodeId)
            throw Failure.Denied($"node_id: the certificate is of {caller.Subject}, not of node {hello.NodeId}").ToRpcException();
        var actor = new Commands.Actor(hello.NodeId, ActorKind.Node, Actors.Of(caller).AuthMethod);
        if (leadership.IsMine && await hub.FindLivingIncumbentAsync(description, clock) is { } taken)
        {
            if (!_refused.TryGetValue(description.Node, out var last) || last != description.Incarnation) LogNameTaken(taken.Message);
            _refused[description.Node] = description.Incarnation;
            throw taken.ToRpcException();
        }
        var session = new AgentSession(description.Node, description.Incarnation, hello.Held);
        if (!await RegisterAsync(description, actor, cancellation) || !await hub.JoinAsync(session))
        {
            if (!leadership.IsMine) throw forwarder.NotLeader(StatusCode.FailedPrecondition);
            await responseStream.WriteAsync(new AgentDirective
            {
                Expelled = new Expelled
                {
                    Reason =
                "this incarnation is over: its lease expired, or a newer process took its name"
                }
            }, cancellation);
            return;
        }
        LogAttached(session.Node, session.Incarnation);
        try { await ServeAsync(session, new AgentReports(session, pipeline, actor), requestStream, responseStream, cancellation); }
        finally
        {
            hub.Leave(session);
            LogDetached(session.Node, session.Incarnation);
        }
        // It said that it stops and ended its side: the end of ours tells it that this is on record.
        if (session.SaidLeaving) await leases.RecordLeftAsync(session.Node, session.Incarnation, cancellation);
    }

    /// <returns>False when the incarnation is over for good.</returns>
    private async Task<bool> RegisterAsync(NodeDescription description, Commands.Actor actor, CancellationToken cancellationToken)
    {
        var result = await pipeline.SubmitAsync(
            new CommandEnvelope(new NodeCommand.Register(description), actor, CorrelationId: description.Node.Value), cancellationToken);
        if (result.Status == SubmitStatus.NotLeader) throw forwarder.NotLeader(StatusCode.FailedPrecondition);
        if (result.Status != SubmitStatus.Applied)
            throw Failure.Unavailable("the registration could not be committed; attach again").ToRpcException();
        if (result.Reply!.Failure is not { } failure) return true;
        if (failure.Code != FailureCode.FailedPrecondition) throw failure.ToRpcException();
        var isOver = await queries.ReadNowAsync((description, terms), static (state, _, about) =>
        {
            if (state.FindNode(about.description.Node)?.Record is not { } known) return false;
            if (known.Incarnation == about.description.Incarnation) return known.IsGone;
            if (known.FencedIncarnations.Contains(about.description.Incarnation)) return true;
            // The name's present process is gone or will be: it is evicted at the end of its lease, and this one may register then.
            about.terms.Current?.Leases.OtherIncarnationSeen(about.description.Node, known.Incarnation);
            return false;
        });
        return isOver ? false : throw failure.ToRpcException();
    }

    private async Task ServeAsync(AgentSession session, AgentReports reports, IAsyncStreamReader<AgentMessage> requests,
        IServerStreamWriter<AgentDirective> responses, CancellationToken cancellationToken)
    {
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        using var writes = new LastWrite(ending.Token, cancellationToken);
        Task[] parts = [TellAsync(session, responses, writes.Token, ending.Token), HearAsync(session, reports, requests, ending.Token),
            reports.RunAsync(ending.Token)];
        var first = await Task.WhenAny(parts);
        await ending.CancelAsync();
        // What counts is how the first one ended, unless another found that a law is broken.
        await Task.WhenAll(parts).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        first = parts.FirstOrDefault(part => part.Exception?.InnerException is InvariantViolation) ?? first;
        try { await first; }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested) { } // the node went away
        catch (IOException) { }
    }

    private static async Task TellAsync(AgentSession session, IServerStreamWriter<AgentDirective> responses, CancellationToken writes,
        CancellationToken ending)
    {
        await foreach (var directive in session.Directives.ReadAllAsync(ending)) await responses.WriteAsync(directive, writes);
    }

    private async Task HearAsync(AgentSession session, AgentReports reports, IAsyncStreamReader<AgentMessage> requests,
        CancellationToken cancellationToken)
    {
        while (await requests.MoveNext(cancellationToken))
        {
            var message = requests.Current;
            switch (message.KindCase)
            {
                case AgentMessage.KindOneofCase.Heartbeat:
                    if (message.Heartbeat.Load is { } load)
                    {
                        loads.Record(session.Node.Value, session.Incarnation, load);
                        fleet.Measured(session.Node, session.Incarnation, load, message.Heartbeat.Leaving);
                    }
                    grants.Heard(session, message.Heartbeat);
                    break;
                case AgentMessage.KindOneofCase.Report: await reports.AddAsync(message.Report, cancellationToken); break;
                case AgentMessage.KindOneofCase.Hello: throw FieldRules.Broken("kind", "hello", "hello comes once, first");
            }
        }
    }

    private static NodeDescription Describe(AgentHello hello)
    {
        FieldRules.Name("node_id", hello.NodeId);
        if (hello.Held.Count > MaxHeld) throw FieldRules.Broken("held", $"{hello.Held.Count} rooms", "at most 1,000,000");
        var capacity = hello.Capacity is { } c ? new Capacity(c.Publishers, c.Subscribers, c.BitrateKbps) : default;
        var description = new NodeDescription(new NodeId(hello.NodeId), hello.Incarnation, hello.Region, hello.Zone, hello.Address,
            capacity);
        return NodeDecider.Check(description) is { } wrong ? throw wrong.ToRpcException() : description;
    }

    [LoggerMessage(3201, LogLevel.Information, "Node {Node} attached (incarnation {Incarnation})")]
    private partial void LogAttached(NodeId node, ulong incarnation);
    [LoggerMessage(3510, LogLevel.Error, "A second process is not registered: {Why}")] private partial void LogNameTaken(string why);
    [LoggerMessage(3202, LogLevel.Information, "Node {Node} detached (incarnation {Incarnation})")]
    private partial void LogDetached(NodeId node, ulong incarnation);
}
