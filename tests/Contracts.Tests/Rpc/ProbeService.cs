using System.Collections.Concurrent;
using Google.Protobuf;
using Grpc.Core;
using VideoScale.Model;
using VideoScale.Rpc;

namespace VideoScale.Contracts.Tests.Rpc;

internal sealed class ProbeService : Probe.ProbeBase
{
    public ConcurrentQueue<string> Cancelled { get; } = new();

    [RequireRole(Role.Viewer)]
    public override Task<ProbeReply> Read(ProbeRequest request, ServerCallContext context) => BehaveAsync(request, context);

    [RequireRole(Role.Operator)]
    public override Task<ProbeReply> Change(ProbeRequest request, ServerCallContext context) => BehaveAsync(request, context);

    public override Task<ProbeReply> Unnamed(ProbeRequest request, ServerCallContext context) => BehaveAsync(request, context);

    [RequireRole(Role.Replica)]
    public override Task<ProbeReply> Inner(ProbeRequest request, ServerCallContext context) => BehaveAsync(request, context);

    [RequireRole(Role.Node)]
    public override async Task Attach(IAsyncStreamReader<ProbeRequest> requestStream, IServerStreamWriter<ProbeReply> responseStream,
        ServerCallContext context)
    {
        await foreach (var request in requestStream.ReadAllAsync(context.CancellationToken))
            await responseStream.WriteAsync(await BehaveAsync(request, context));
    }

    [RequireRole(Role.Viewer)]
    public override async Task Watch(ProbeRequest request, IServerStreamWriter<ProbeReply> responseStream, ServerCallContext context)
    {
        if (request.Behave == "quiet")
        {
            await context.WriteResponseHeadersAsync([]);
            await WaitAsync(context);
        }
        await responseStream.WriteAsync(await BehaveAsync(request, context));
        if (request.Behave == "stay") await WaitAsync(context);
    }

    [RequireRole(Role.Viewer)]
    public override async Task<ProbeReply> Collect(IAsyncStreamReader<ProbeRequest> requestStream, ServerCallContext context)
    {
        var last = new ProbeRequest();
        await foreach (var request in requestStream.ReadAllAsync(context.CancellationToken)) last = request;
        return await BehaveAsync(last, context);
    }

    private async Task<ProbeReply> BehaveAsync(ProbeRequest request, ServerCallContext context)
    {
        await Task.Yield();
        switch (request.Behave)
        {
            case "throw": throw new IOException("disk /secret/path is on fire");
            case "law": throw new InvariantViolation("two is one");
            case "refuse": throw new RpcException(new Status(StatusCode.NotFound, "room \"größe 100%\" does not exist"));
            case "cancel": throw new OperationCanceledException();
            case "wait": await WaitAsync(context); break;
        }
        var caller = context.GetCaller();
        return new ProbeReply
        {
            Subject = caller.Subject,
            Role = caller.Role.ToString(),
            ForwardedBy = caller.ForwardedBy ?? "",
            AuthMethod = caller.AuthMethod.ToString(),
            DeadlineInMs = context.Deadline == DateTime.MaxValue ? -1 : (long)(context.Deadline - DateTime.UtcNow).TotalMilliseconds,
            Bytes = request.Payload.Length,
            Payload = request.Behave == "large" ? ByteString.CopyFrom(new byte[2 << 20]) : ByteString.Empty,
        };
    }

    private async Task WaitAsync(ServerCallContext context)
    {
        try { await Task.Delay(Timeout.Infinite, context.CancellationToken); }
        finally { Cancelled.Enqueue(context.Method); }
    }
}
