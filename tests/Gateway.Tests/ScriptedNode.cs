using System.Collections.Concurrent;
using System.Net;
using Google.Protobuf;
using Grpc.Core;
using LiveKit.Proto;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using VideoScale.Rpc;
using VideoScale.V1;

namespace VideoScale.Gateway.Tests;

/// <summary>A media node's sessions as a gateway sees them: real gRPC, no media, and it does what a test tells it.</summary>
internal sealed class ScriptedNode : MediaSessionService.MediaSessionServiceBase, IAsyncDisposable
{
    private readonly WebApplication _web;
    private readonly ConcurrentQueue<OpenSession> _opened = new();
    private readonly ConcurrentQueue<(ulong Number, SignalRequest Request)> _heard = new();
    private readonly ConcurrentQueue<bool> _quiet = new();
    private readonly ConcurrentQueue<ChangeRoomRequest> _changes = new();
    private volatile CancellationTokenSource _streams = new();
    private volatile IServerStreamWriter<SessionMessage>? _client;

    private ScriptedNode(int port)
    {
        Address = $"127.0.0.1:{port}";
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.Services.AddVideoScaleGrpc(new RpcServerOptions { DevelopmentMode = true });
        builder.Services.AddSingleton(this);
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, port, listen => listen.UseVideoScaleGrpc(null)));
        _web = builder.Build();
        _web.MapGrpcService<ScriptedNode>();
    }

    internal string Address { get; }
    internal IReadOnlyList<OpenSession> Opened => [.. _opened];
    internal IReadOnlyList<(ulong Number, SignalRequest Request)> Heard => [.. _heard];
    internal IReadOnlyList<bool> Quiet => [.. _quiet];
    internal IReadOnlyList<ChangeRoomRequest> Changes => [.. _changes];

    /// <summary>Streams are refused with it, while set.</summary>
    internal StatusCode? Refuses { get; set; }
    /// <summary>Requests are taken, and nothing is said of them.</summary>
    internal bool IsDeaf { get; set; }
    /// <summary>What is said to a request; nothing while it is not set.</summary>
    internal Func<SignalRequest, SignalResponse?>? Answers { get; set; }

    /// <summary>With which reason a request ends the session; not at all while it is not set, or null.</summary>
    internal Func<SignalRequest, SessionEndReason?>? Ends { get; set; }
    /// <summary>What is said when a session is opened, instead of that it joined or is back; a status refuses it.</summary>
    internal Func<OpenSession, (StatusCode? Refusal, IEnumerable<SessionMessage> Says)>? Opens { get; set; }

    internal static async Task<ScriptedNode> StartAsync(int port)
    {
        var node = new ScriptedNode(port);
        await node._web.StartAsync();
        return node;
    }

    /// <summary>Breaks every stream; the node itself lives.</summary>
    internal void Break()
    {
        var streams = _streams;
        _streams = new CancellationTokenSource();
        streams.Cancel();
    }

    /// <summary>For the next test.</summary>
    internal void Reset()
    {
        Break();
        (Refuses, IsDeaf, Answers, Opens, Ends) = (null, false, null, null, null);
        _opened.Clear();
        _heard.Clear();
        _quiet.Clear();
        _changes.Clear();
    }

    internal Task SayAsync(SessionMessage message) => _client!.WriteAsync(message);

    public override async Task Signal(IAsyncStreamReader<GatewayMessage> requestStream, IServerStreamWriter<SessionMessage> responseStream,
        ServerCallContext context)
    {
        var broken = _streams.Token;
        await requestStream.MoveNext(context.CancellationToken);
        if (Refuses is { } refusal) throw new RpcException(new Status(refusal, "the script says so"));
        var open = requestStream.Current.Open;
        _opened.Enqueue(open);
        var script = Opens?.Invoke(open);
        if (script?.Refusal is { } denied) throw new RpcException(new Status(denied, "the script says so"));
        _client = responseStream;
        await responseStream.WriteAsync(new SessionMessage
        {
            Opened = new SessionOpened
            {
                ParticipantSid = "PA_1",
                Resumed = open.ResumeSid.Length > 0,
                Acknowledges = true
            }
        });
        foreach (var said in script?.Says ?? []) await responseStream.WriteAsync(said);
        if (script is null) await responseStream.WriteAsync(new SessionMessage
        {
            Response = (open.ResumeSid.Length > 0 ? new SignalResponse { Reconnect = new ReconnectResponse() }
                : new SignalResponse
                {
                    Join =
                    new JoinResponse { Participant = new ParticipantInfo { Sid = "PA_1", Identity = open.Identity } }
                }).ToByteString(),
        });
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(broken, context.CancellationToken);
        try
        {
            while (await requestStream.MoveNext(ending.Token))
                if (!await HearAsync(requestStream.Current, responseStream)) return;
        }
        catch (Exception e) when (e is OperationCanceledException or IOException && broken.IsCancellationRequested)
        {
            throw new RpcException(new Status(StatusCode.Unavailable, "the stream breaks"));
        }
    }

    public override Task<ChangeRoomReply> ChangeRoom(ChangeRoomRequest request, ServerCallContext context)
    {
        _changes.Enqueue(request);
        return Task.FromResult(new ChangeRoomReply { Changed = new ParticipantInfo { Identity = request.Identity }.ToByteString() });
    }

    /// <returns>False when the session is over.</returns>
    private async Task<bool> HearAsync(GatewayMessage message, IServerStreamWriter<SessionMessage> client)
    {
        if (message.KindCase == GatewayMessage.KindOneofCase.Quiet)
        {
            _quiet.Enqueue(message.Quiet);
            return true;
        }
        if (IsDeaf) return true;
        var request = SignalRequest.Parser.ParseFrom(message.Request);
        _heard.Enqueue((message.Number, request));
        if (Answers?.Invoke(request) is { } answer) await client.WriteAsync(new SessionMessage { Response = answer.ToByteString() });
        if (Ends?.Invoke(request) is { } reason)
            await client.WriteAsync(new SessionMessage { Ended = new SessionEnded { Reason = reason } });
        await client.WriteAsync(new SessionMessage { Handled = message.Number });
        return request.MessageCase != SignalRequest.MessageOneofCase.Leave;
    }

    public async ValueTask DisposeAsync()
    {
        Break();
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(1));
        await _web.StopAsync(limit.Token);
        await _web.DisposeAsync();
    }
}
