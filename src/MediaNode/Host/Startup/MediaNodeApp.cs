using System.Net.Sockets;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using VideoScale.MediaNode.Host.Admission;
using VideoScale.MediaNode.Host.Agent;
using VideoScale.MediaNode.Host.Features;
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

    /// <summary>For calls under way when it stops.</summary>
    private static readonly TimeSpan CallsTime = TimeSpan.FromSeconds(2);

    /// <summary>For the leader to put on record that the node left.</summary>
    private static readonly TimeSpan DepartureTime = TimeSpan.FromSeconds(2);

    private readonly AgentFeature _agent;
    private readonly AuthorityGate _authority;
    private readonly ChannelPool _channels;
    private readonly TlsMaterial? _tls;
    private readonly ILoggerFactory _loggers;
    private readonly EndpointRegistry _registry = new();
    private readonly SessionHost _sessions;
    private readonly WebApplication _web;
    private volatile bool _stopping;

    private MediaNodeApp(MediaNodeOptions options, TlsMaterial? tls, MediaPlane plane, ILoggerFactory loggers)
    {
        Options = options;
        (_tls, _loggers, _channels) = (tls, loggers, new ChannelPool(tls));
        var caps = new NodeSeatCaps((uint)options.CapacityPublishers, (uint)options.CapacitySubscribers);
        var grace = options.IsolationGraceSeconds * 1_000_000_000L;
        _authority = new AuthorityGate(new Authority(new AuthorityOptions(options.Continuity, grace, caps), RandomNumbers.NonZero()),
            new BootClock());
        var core = new NodeCore(options, tls, loggers, _channels, _authority, Fatal: () => _fatal.TrySetResult(),
            IsStopping: () => _stopping);
        var sessions = new SessionsFeature(core, plane);
        _sessions = sessions.Host;
        _agent = new AgentFeature(core, sessions.Host);
        INodeFeature[] features =
        [
            sessions,
            new AdmissionFeature(core),
            new StatisticsFeature(core, sessions.Host),
            _agent,
            new ProbesFeature(core, plane),
        ];
        foreach (var feature in features) feature.Register(_registry);
        var rpc = new RpcServerOptions { IsFatal = static e => e is InvariantViolation, OnFatal = _ => core.Fatal() };
        _web = ServerHost.Build("videoscale-media", options, rpc, tls, loggers, _registry, CallsTime);
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
        var plane = new MediaPlane(options);
        var app = new MediaNodeApp(options, tls, plane, ServerHost.Loggers(options));
        app._web.Services.GetRequiredService<ServingStatus>().Set("", serving: true);
        try
        {
            await app._web.StartAsync(cancellationToken);
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
    /// Readiness off, rooms given up and that acknowledged, the leader told that this node stops and that on record, then everything
    /// closed.
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
        if (_authority.IsLeavingKnown) await _agent.DepartAsync(DepartureTime);
        await ReleaseAsync();
    }

    private async Task ReleaseAsync()
    {
        using (var limit = new CancellationTokenSource(CallsTime))
            await _web.StopAsync(limit.Token);
        await _web.DisposeAsync();
        await _registry.DisposeOwnedAsync();
        _channels.Dispose();
        _tls?.Dispose();
        _loggers.Dispose();
    }
}
