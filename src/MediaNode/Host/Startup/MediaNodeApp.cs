using System.Net;
using System.Net.Sockets;
using Grpc.Core;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using VideoScale.MediaNode.Host.Admission;
using VideoScale.MediaNode.Host.Agent;
using VideoScale.MediaNode.Host.Load;
using VideoScale.MediaNode.Host.Observability;
using VideoScale.MediaNode.Host.Options;
using VideoScale.MediaNode.Host.Ownership;
using VideoScale.MediaNode.Host.Sessions;
using VideoScale.MediaNode.Host.Statistics;
using VideoScale.MediaNode.Host.Time;
using VideoScale.MediaNode.Ownership;
using VideoScale.MediaNode.Seats;
using VideoScale.Model;
using VideoScale.Platform;
using VideoScale.Rpc;

namespace VideoScale.MediaNode.Host.Startup;

/// <summary>One running media node: alone in a process (<c>videoscale media</c>) or beside a replica (<c>up --single</c>).</summary>
public sealed class MediaNodeApp : IAsyncDisposable
{
    private const int PollMs = 20;
    private readonly WebApplication _web;
    private readonly AuthorityGate _authority;
    private readonly ChannelPool _channels;
    private readonly TlsMaterial? _tls;
    private readonly SessionHost _sessions;
    private bool _stopping;

    private MediaNodeApp(MediaNodeOptions options, WebApplication web, AuthorityGate authority, ChannelPool channels, TlsMaterial? tls)
    {
        Options = options;
        _sessions = web.Services.GetRequiredService<SessionHost>();
        _web = web;
        _authority = authority;
        _channels = channels;
        _tls = tls;
    }

    public MediaNodeOptions Options { get; }

    /// <summary>Completes when the process must end because a law was broken.</summary>
    public Task Fatal => _fatal.Task;
    private readonly TaskCompletionSource _fatal = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>
    /// Starts a node; completes when its endpoints listen. Throws <see cref="StartupException"/> with one line for the operator.
    /// </summary>
    public static async Task<MediaNodeApp> StartAsync(MediaNodeOptions options, CancellationToken cancellationToken)
    {
        var problems = MediaNodeOptionsCheck.Check(options);
        if (problems.Count > 0) throw new StartupException(ExitCode.BadConfiguration, string.Join(Environment.NewLine, problems));
        ConnectionBudget.OfProcess.RequireEnough();
        var tls = options.Tls.Load();
        var authority =
            new AuthorityGate(new Authority(new AuthorityOptions(options.Continuity, options.IsolationGraceSeconds * 1_000_000_000L,
            new NodeSeatCaps((uint)options.CapacityPublishers, (uint)options.CapacitySubscribers)), RandomNumbers.NonZero()),
                new BootClock());
        var plane = new MediaPlane(options);
        var channels = new ChannelPool(tls);
        MediaNodeApp? app = null;
        var web = Build(options, tls, authority, plane, channels, stopping: () => app?._stopping ?? false,
            fatal: () => app?._fatal.TrySetResult());
        app = new MediaNodeApp(options, web, authority, channels, tls);
        try
        {
            await web.StartAsync(cancellationToken);
        }
        catch (IOException e)
        {
            await app.ReleaseAsync();
            throw new StartupException(ExitCode.PortInUse,
                $"media node {options.NodeId} cannot listen: {e.Message} Stop what listens there, or choose another port", e);
        }
        catch (SocketException e)
        {
            await app.ReleaseAsync();
            throw new StartupException(ExitCode.BadConfiguration,
                $"media node {options.NodeId} cannot listen on {options.BindAddress}: {e.Message}; name an address of this machine", e);
        }
        plane.Start();
        return app;
    }

    /// <summary>Starts a node and serves until cancelled, then gives its rooms up and shuts down cleanly.</summary>
    /// <returns>The exit code of the process; a line on standard error says why it is not 0.</returns>
    public static async Task<int> RunAsync(MediaNodeOptions options, CancellationToken cancellationToken)
    {
        try
        {
            await using var app = await StartAsync(options, cancellationToken);
            var stop = Task.Delay(Timeout.Infinite, cancellationToken);
            if (await Task.WhenAny(stop, app.Fatal) == app.Fatal) return (int)ExitCode.Fatal;
        }
        catch (StartupException e)
        {
            await Console.Error.WriteLineAsync(e.Message);
            return (int)e.Code;
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested) { }
        return (int)ExitCode.Clean;
    }

    /// <summary>Completes when the leader has granted a lease.</summary>
    public async Task WaitForReadyAsync(CancellationToken cancellationToken)
    {
        while (_authority.View().View.LeaseLeftMs == 0) await Task.Delay(PollMs, cancellationToken);
    }

    /// <summary>
    /// Readiness off, rooms given up and that acknowledged, the leader told that this node stops, then everything closed.
    /// </summary>
    public async ValueTask DisposeAsync()
    {
        _stopping = true;
        _authority.Leave();
        var until = Environment.TickCount64 + Options.ShutdownGraceMs;
        while ((_authority.PendingReports > 0 || !_authority.IsLeavingKnown) && _authority.View().View.LeaseLeftMs > 0
            && Environment.TickCount64 < until) await Task.Delay(PollMs);
        // Media goes on until the clients have moved to the new owners.
        while (Environment.TickCount64 < until && await _sessions.CountAsync() > 0) await Task.Delay(PollMs);
        await ReleaseAsync();
    }

    private async Task ReleaseAsync()
    {
        using (var limit = new CancellationTokenSource(TimeSpan.FromSeconds(2)))
            await _web.StopAsync(limit.Token);
        await _web.DisposeAsync();
        _channels.Dispose();
        _tls?.Dispose();
    }

    private static WebApplication Build(MediaNodeOptions options, TlsMaterial? tls, AuthorityGate authority, MediaPlane plane,
        ChannelPool channels, Func<bool> stopping, Action fatal)
    {
        var builder = WebApplication.CreateSlimBuilder(new WebApplicationOptions
        {
            Args = ["--hostBuilder:reloadConfigOnChange=false"],
            ApplicationName = "videoscale-media",
        });
        builder.Logging.ClearProviders();
        builder.Logging.AddSimpleConsole(console =>
            { console.SingleLine = true; console.TimestampFormat = "yyyy-MM-ddTHH:mm:ss.fffZ "; console.UseUtcTimestamp = true; });
        builder.Services.Configure<Microsoft.Extensions.Logging.Console.ConsoleLoggerOptions>(console =>
            console.LogToStandardErrorThreshold = LogLevel.Trace);
        builder.Logging.SetMinimumLevel(Enum.Parse<LogLevel>(options.LogLevel, ignoreCase: true));
        builder.Logging.AddFilter("Microsoft", LogLevel.Warning).AddFilter("Grpc", LogLevel.Warning);
        var rpc = new RpcServerOptions
        {
            DevelopmentMode = options.DevelopmentMode,
            Tls = options.Tls.ToOptions(),
            Certificates = tls,
            ClusterId = tls?.Identity?.ClusterId,
            MaxConnections = options.MaxConnections,
            IsFatal = e => e is InvariantViolation,
            OnFatal = _ => fatal(),
        };
        builder.Services.AddVideoScaleGrpc(rpc);
        builder.Services.AddSingleton(options).AddSingleton(authority).AddSingleton<LoadMeter>();
        builder.Services.AddSingleton(services =>
            new SessionHost(options, authority, plane, services.GetRequiredService<ILoggerFactory>(), fatal));
        builder.Services.AddHostedService(services => new LeaderAgent(options, authority, services.GetRequiredService<LoadMeter>(),
            address => Authorized(channels.Get(address), options.Token), fatal, services.GetRequiredService<ILogger<LeaderAgent>>()));
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = TimeSpan.FromSeconds(2));
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            var address = IPAddress.Parse(options.BindAddress);
            kestrel.Listen(address, options.GrpcPort, listen => listen.UseVideoScaleGrpc(tls));
            kestrel.Listen(address, options.HttpPort, listen => listen.Protocols = HttpProtocols.Http1);
        });
        var web = builder.Build();
        web.MapVideoScaleGrpc();
        web.MapGrpcService<AdmissionApi>();
        web.MapGrpcService<MediaSessionApi>();
        web.MapGrpcService<StatisticsApi>();
        web.MapProbes(authority, new NodeMetrics(authority, plane, web.Services.GetRequiredService<ConnectionLimits>(), tls), tls, stopping,
            options.HttpPort);
        web.Services.GetRequiredService<ServingStatus>().Set("", serving: true);
        return web;
    }

    private static CallInvoker Authorized(ChannelBase channel, string token)
    {
        var invoker = channel.CreateCallInvoker();
        return token.Length == 0 ? invoker : Grpc.Core.Interceptors.CallInvokerExtensions.Intercept(invoker, metadata =>
        {
            metadata.Add("authorization", $"Bearer {token}");
            return metadata;
        });
    }
}
