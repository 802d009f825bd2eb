using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Console;
using VideoScale.Consensus;
using VideoScale.ControlPlane.Host.Api;
using VideoScale.ControlPlane.Host.Cluster;
using VideoScale.ControlPlane.Host.EventLog.Backfill;
using VideoScale.ControlPlane.Host.Leases;
using VideoScale.ControlPlane.Host.Members;
using VideoScale.ControlPlane.Host.Nodes;
using VideoScale.ControlPlane.Host.Observability;
using VideoScale.ControlPlane.Host.Options;
using VideoScale.ControlPlane.Host.Peers;
using VideoScale.ControlPlane.Host.Refusals;
using VideoScale.ControlPlane.Host.Rooms;
using VideoScale.ControlPlane.Host.Serving;
using VideoScale.ControlPlane.Host.Subscriptions;
using VideoScale.Gateway;
using VideoScale.Model;
using VideoScale.Rpc;

namespace VideoScale.ControlPlane.Host.Hosting;

/// <summary>The endpoints of a replica: gRPC on one port, probes and metrics on another.</summary>
internal static class WebHost
{
    internal static WebApplication Build(ControlPlaneOptions options, ClusterFiles cluster, ILogDirectory directory, ReplicaTuning tuning,
        TlsMaterial? tls, out Replica built)
    {
        // Without it the host watches the whole current directory, where data may lie, for a settings file that changes.
        string[] watchNothing = ["--hostBuilder:reloadConfigOnChange=false"];
        var builder = WebApplication.CreateSlimBuilder(new WebApplicationOptions
        {
            Args = watchNothing,
            ApplicationName = "videoscale-control",
        });
        builder.Configuration.Sources.Clear(); // the options are the only configuration
        AddLogging(builder, options);
        var tokens = Tokens(options);
        Replica? replica = null;
        var rpc = new RpcServerOptions
        {
            DevelopmentMode = options.DevelopmentMode,
            Tls = options.Tls.ToOptions(),
            Certificates = tls,
            ClusterId = tls?.Identity?.ClusterId,
            MaxConnections = options.MaxConnections,
            DefaultDeadline = TimeSpan.FromMilliseconds(options.DefaultDeadlineMs),
            IsFatal = static e => e is InvariantViolation,
            OnFatal = e => replica!.Fatal.Stop(e),
            OnDenied = (caller, method, why) => replica!.Refusals.Note(new Refusal(Actors.Of(caller), method, Failure.Denied(why))),
        };
        foreach (var token in tokens) rpc.Tokens.Add(token);
        builder.Services.AddVideoScaleGrpc(rpc);
        builder.Services.AddSingleton<IHostLifetime, NoLifetime>(); // signals are the command's business
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = TimeSpan.FromMilliseconds(options.ShutdownGraceMs));
        builder.Services.AddSingleton(_ => replica!);
        AddServices(builder.Services);
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            var address = IPAddress.Parse(options.BindAddress);
            Listen(kestrel, tuning.GrpcSocket, address, options.GrpcPort, listen => listen.UseVideoScaleGrpc(tls));
            // a join carries the token, with metadata in it, and the first offer
            kestrel.Limits.MaxRequestLineSize = GatewayEndpoints.MaxRequestHeadBytes;
            kestrel.Limits.MaxRequestHeadersTotalSize = GatewayEndpoints.MaxRequestHeadBytes; // … or the token is a header
            Listen(kestrel, tuning.HttpSocket, address, options.HttpPort, listen => listen.Protocols = HttpProtocols.Http1);
        });
        var web = builder.Build();
        replica = new Replica(options, cluster, directory, tuning, tls, ReplicaToken(options),
            web.Services.GetRequiredService<ILoggerFactory>());
        replica.Page.Map(web, options.HttpPort);
        replica.Gateway.Map(web, options.HttpPort);
        web.MapVideoScaleGrpc();
        web.MapGrpcService<RoomApi>();
        web.MapGrpcService<NodeApi>();
        web.MapGrpcService<ClusterApi>();
        web.MapGrpcService<AgentApi>();
        web.MapGrpcService<ReplicaApi>();
        web.MapGrpcService<SubscriberApi>();
        web.MapGrpcService<Audit.AuditService>();
        web.MapReplica(options.HttpPort, () => Readiness(replica, tls));
        built = replica;
        return web;
    }

    private static void Listen(KestrelServerOptions kestrel, int? inherited, IPAddress address, int port, Action<ListenOptions> configure)
    {
        if (inherited is { } descriptor) kestrel.ListenHandle((ulong)descriptor, configure);
        else kestrel.Listen(address, port, configure);
    }

    /// <summary>The token of role Replica; null when the certificate speaks.</summary>
    internal static string? ReplicaToken(ControlPlaneOptions options) =>
        Tokens(options).FirstOrDefault(token => token.Role == Role.Replica)?.Token;

    private static IReadOnlyList<ApiToken> Tokens(ControlPlaneOptions options) =>
        options.DevelopmentMode || options.TokensFile.Length == 0 ? [] : TokensFile.Read(options.TokensFile);

    private static void AddLogging(WebApplicationBuilder builder, ControlPlaneOptions options)
    {
        builder.Logging.ClearProviders();
        builder.Logging.AddSimpleConsole(console =>
            { console.SingleLine = true; console.TimestampFormat = "yyyy-MM-ddTHH:mm:ss.fffZ "; console.UseUtcTimestamp = true; });
        builder.Services.Configure<ConsoleLoggerOptions>(console => console.LogToStandardErrorThreshold = LogLevel.Trace);
        builder.Logging.SetMinimumLevel(Enum.Parse<LogLevel>(options.LogLevel, ignoreCase: true));
        builder.Logging.AddFilter("Microsoft", LogLevel.Warning).AddFilter("Grpc", LogLevel.Warning);
    }

    private static void AddServices(IServiceCollection services)
    {
        services.AddSingleton(s =>
            Of(s, r => new RoomApi(r.RoomMutations, r.RoomReads, r.Queries, r.RoomWatches, r.Explainer, r.Absence, r.Gate)));
        services.AddSingleton(s =>
            Of(s, r => new NodeApi(r.Mutations, r.Queries, r.NodeWatches, r.Loads, r.Absence, r.Gate, r.SilentMajorityHold, r.Fleet)));
        services.AddSingleton(s => Of(s, r => new ClusterApi(r.Log, r.Leadership, r.Forwarder, r.Queries, r.Machine, r.Events, r.Book,
            r.Members, r.Gate, r.Time, r.Clocks, r.Tls)));
        services.AddSingleton(s => Of(s, r => new AgentApi(r.Pipeline, r.Leadership, r.Forwarder, r.Terms, r.Queries, r.Hub, r.Grants,
            r.Fleet, r.Loads, r.Gate, r.LeaseClock, s.GetRequiredService<ILogger<AgentApi>>())));
        services.AddSingleton(s => Of(s,
            r => new ReplicaApi(r.Checkpoints, r.Leadership, r.Forwarder, new SegmentServing(r.Events), r.Members, r.Clock, r.Refusals)));
        services.AddSingleton(s => Of(s, r => new SubscriberApi(r.Subscriptions)));
        services.AddSingleton(s => Of(s, r => r.Audit));
    }

    private static T Of<T>(IServiceProvider services, Func<Replica, T> make) => make(services.GetRequiredService<Replica>());

    private static (bool Ready, string Why) Readiness(Replica replica, TlsMaterial? tls)
    {
        if (replica.Log.Status.StandsAside is { } aside) return (false, aside);
        if (replica.IsReady) return (true, tls?.Expiry.Warning(DateTimeOffset.UtcNow) is { } warning ? $"ready\n{warning}" : "ready");
        if (replica.Gate.IsQuarantined) return (false, "quarantined: its state differs from the majority's");
        if (!replica.Gate.IsOpen) return (false, "stopping");
        var status = replica.Log.Status;
        if (status.Conflict is { } conflict) return (false, $"quarantined: {conflict}; see this replica's log");
        if (status.Quarantined)
            return (false, "quarantined: its disk lost log entries, or its directory was set back; it fetches them again from the leader");
        if (status.WaitsFor.Count > 0)
            return (false,
                $"waits for the founding members {string.Join(", ", status.WaitsFor)}: a cluster begins once all of them have been heard");
        if (!status.Membership.IsMember(replica.Cluster.Self)) return (false, "not a member yet");
        return (false, replica.Leadership.Now.Leader.IsNone ? "no leader is known" : "catching up");
    }

    private sealed class NoLifetime : IHostLifetime
    {
        public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;
        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
