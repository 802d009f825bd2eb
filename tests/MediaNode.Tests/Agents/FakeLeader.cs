using System.Collections.Concurrent;
using System.Net;
using System.Threading.Channels;
using Grpc.Core;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using VideoScale.Rpc;
using VideoScale.V1;

namespace VideoScale.MediaNode.Tests.Agents;

/// <summary>A replica that does what a test tells it: real gRPC, no consensus.</summary>
internal sealed class FakeLeader : IAsyncDisposable
{
    private readonly WebApplication _web;
    private readonly Script _script = new();

    private FakeLeader(WebApplication web, Script script, int port) => (_web, _script, Address) = (web, script, $"127.0.0.1:{port}");

    internal string Address { get; }

    /// <summary>Set: Attach is refused, and this address named as the leader.</summary>
    internal string? RefersTo { get => _script.RefersTo; set => _script.RefersTo = value; }

    internal uint HeartbeatMs { set => _script.HeartbeatMs = value; }
    internal bool Acknowledges { set => _script.Acknowledges = value; }

    /// <summary>Every stream that is in use, in order: a node that got its welcome too late has left that stream and comes again.</summary>
    internal ChannelReader<FakeSession> Sessions => _script.Sessions.Reader;

    internal static async Task<FakeLeader> StartAsync(int port)
    {
        var script = new Script();
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.Services.AddVideoScaleGrpc(new RpcServerOptions { DevelopmentMode = true });
        builder.Services.AddSingleton(script);
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, port, listen => listen.UseVideoScaleGrpc(null)));
        var web = builder.Build();
        web.MapGrpcService<FakeAgentApi>();
        await web.StartAsync();
        return new FakeLeader(web, script, port);
    }

    public async ValueTask DisposeAsync()
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(1));
        await _web.StopAsync(limit.Token);
        await _web.DisposeAsync();
    }

    internal sealed class Script
    {
        internal string? RefersTo { get; set; }
        internal uint HeartbeatMs { get; set; } = 50;
        internal bool Acknowledges { get; set; } = true;
        internal Channel<FakeSession> Sessions { get; } = Channel.CreateUnbounded<FakeSession>();
    }

    [RequireRole(Role.Node)]
    internal sealed class FakeAgentApi(Script script) : AgentService.AgentServiceBase
    {
        public override async Task Attach(IAsyncStreamReader<AgentMessage> requestStream,
            IServerStreamWriter<AgentDirective> responseStream, ServerCallContext context)
        {
            if (script.RefersTo is { } leader)
                throw new RpcException(new Status(StatusCode.FailedPrecondition, "not the leader"),
                    new Metadata { { MultiEndpointInvoker.LeaderTrailer, leader } });
            await requestStream.MoveNext(context.CancellationToken);
            var session = new FakeSession(requestStream.Current.Hello);
            await session.ServeAsync(script, requestStream, responseStream, context.CancellationToken);
        }
    }
}

/// <summary>One attached stream as the leader sees it.</summary>
internal sealed class FakeSession(AgentHello hello)
{
    private readonly Channel<AgentDirective> _toNode = Channel.CreateUnbounded<AgentDirective>();
    private readonly TaskCompletionSource _end = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private ulong _lastReport;

    internal AgentHello Hello => hello;
    internal ConcurrentQueue<RoomReport> Reports { get; } = new();
    internal ConcurrentQueue<Heartbeat> Heartbeats { get; } = new();
    internal bool AcknowledgesReports { get; set; } = true;

    /// <summary>The node ended its side, and waited for this one's end.</summary>
    internal bool EndedInOrder { get; private set; }

    internal void Tell(AgentDirective directive) => _toNode.Writer.TryWrite(directive);

    internal void Assign(string room, ulong epoch, params Participant[] seats)
    {
        var assign = new AssignRoom { LogIndex = epoch, RoomId = room, Epoch = epoch };
        assign.Seats.AddRange(seats);
        Tell(new AgentDirective { Assign = assign });
    }

    /// <summary>Ends the stream as a crash does.</summary>
    internal void Break() => _end.TrySetException(new RpcException(new Status(StatusCode.Unavailable, "broken by the test")));

    internal async Task ServeAsync(FakeLeader.Script script, IAsyncStreamReader<AgentMessage> requests,
        IServerStreamWriter<AgentDirective> responses, CancellationToken cancellationToken)
    {
        await responses.WriteAsync(new AgentDirective
        {
            Welcome = new Welcome
            {
                AppliedIndex = 2,
                Term = 1,
                HeartbeatMs = script.HeartbeatMs,
                LeaseTtlMs = 5_000
            }
        }, cancellationToken);
        var telling = TellAsync(responses, cancellationToken);
        var hearing = HearAsync(script, requests, cancellationToken);
        await await Task.WhenAny(_end.Task, telling, hearing);
    }

    private async Task TellAsync(IServerStreamWriter<AgentDirective> responses, CancellationToken cancellationToken)
    {
        await foreach (var directive in _toNode.Reader.ReadAllAsync(cancellationToken))
            await responses.WriteAsync(directive, cancellationToken);
    }

    private async Task HearAsync(FakeLeader.Script script, IAsyncStreamReader<AgentMessage> requests, CancellationToken cancellationToken)
    {
        while (await requests.MoveNext(cancellationToken))
        {
            var message = requests.Current;
            if (message.KindCase == AgentMessage.KindOneofCase.Report)
            {
                Reports.Enqueue(message.Report);
                _lastReport = message.Report.Sequence;
            }
            if (message.KindCase != AgentMessage.KindOneofCase.Heartbeat) continue;
            if (Heartbeats.IsEmpty) script.Sessions.Writer.TryWrite(this);
            Heartbeats.Enqueue(message.Heartbeat);
            if (script.Acknowledges)
                Tell(new AgentDirective
                {
                    HeartbeatAck = new HeartbeatAck
                    {
                        Sequence = message.Heartbeat.Sequence,
                        AppliedIndex = 2,
                        LeaseTtlMs = 5_000,
                        ReportsDone = AcknowledgesReports ? _lastReport : 0
                    }
                });
        }
        EndedInOrder = true;
    }
}
