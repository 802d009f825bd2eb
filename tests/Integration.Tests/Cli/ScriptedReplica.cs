using System.Collections.Concurrent;
using System.Net;
using Grpc.Core;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using VideoScale.V1;

namespace VideoScale.Integration.Tests.Cli;

/// <summary>What the command line takes for a replica: it answers as a test tells it, on a port that the system chooses.</summary>
internal sealed class ScriptedReplica : IAsyncDisposable
{
    private readonly WebApplication _app;

    private ScriptedReplica(WebApplication app) => _app = app;

    internal string Address { get; private set; } = "";

    /// <summary>Names of the methods that were called, but for the status.</summary>
    internal ConcurrentQueue<string> Calls { get; } = new();

    /// <summary>The last event that its status speaks of.</summary>
    internal ulong LastSeq { get; set; }

    /// <summary>For a listing of events: what it sends.</summary>
    internal Func<IServerStreamWriter<Event>, ServerCallContext, Task> Events { get; set; } = static (_, _) => Task.CompletedTask;

    /// <summary>For a subscription, from which event.</summary>
    internal Func<ulong, IServerStreamWriter<Event>, ServerCallContext, Task> NewEvents { get; set; } = static (_, _, _) =>
        Task.CompletedTask;

    /// <summary>How long a change takes.</summary>
    internal TimeSpan Takes { get; set; }

    internal static async Task<ScriptedReplica> StartAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.Services.AddGrpc();
        ScriptedReplica? replica = null;
        builder.Services.AddSingleton(_ => replica!);
        builder.WebHost.ConfigureKestrel(kestrel =>
            kestrel.Listen(IPAddress.Loopback, 0, listen => listen.Protocols = HttpProtocols.Http2));
        var app = builder.Build();
        app.MapGrpcService<Cluster>();
        app.MapGrpcService<Audit>();
        replica = new ScriptedReplica(app);
        await app.StartAsync();
        replica.Address = new Uri(app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single())
            .Authority;
        return replica;
    }

    public ValueTask DisposeAsync() => _app.DisposeAsync();

    private sealed class Cluster(ScriptedReplica replica) : ClusterService.ClusterServiceBase
    {
        public override Task<GetStatusReply> GetStatus(GetStatusRequest request, ServerCallContext context) =>
            Task.FromResult(new GetStatusReply { EventSeq = replica.LastSeq });

        public override async Task<CreateSnapshotReply> CreateSnapshot(CreateSnapshotRequest request, ServerCallContext context)
        {
            replica.Calls.Enqueue(nameof(CreateSnapshot));
            await Task.Delay(replica.Takes, context.CancellationToken);
            return new CreateSnapshotReply();
        }

        public override async Task<TransferLeadershipReply> TransferLeadership(TransferLeadershipRequest request, ServerCallContext context)
        {
            replica.Calls.Enqueue(nameof(TransferLeadership));
            await Task.Delay(replica.Takes, context.CancellationToken);
            return new TransferLeadershipReply();
        }
    }

    private sealed class Audit(ScriptedReplica replica) : AuditService.AuditServiceBase
    {
        public override Task ReadAll(ReadAllRequest request, IServerStreamWriter<Event> responseStream, ServerCallContext context)
        {
            replica.Calls.Enqueue(nameof(ReadAll));
            return replica.Events(responseStream, context);
        }

        public override Task Subscribe(SubscribeRequest request, IServerStreamWriter<Event> responseStream, ServerCallContext context)
        {
            replica.Calls.Enqueue(nameof(Subscribe));
            return replica.NewEvents(request.FromSeq, responseStream, context);
        }
    }
}
