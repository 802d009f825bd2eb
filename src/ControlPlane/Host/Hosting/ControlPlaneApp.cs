using System.Net.Sockets;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using VideoScale.Consensus;
using VideoScale.ControlPlane.Host.Cluster;
using VideoScale.ControlPlane.Host.Options;
using VideoScale.Platform;
using VideoScale.Rpc;

namespace VideoScale.ControlPlane.Host.Hosting;

/// <summary>
/// One running control-plane replica: alone in a process (<c>videoscale control</c>) or beside a media node (<c>up --single</c>).
/// </summary>
public sealed class ControlPlaneApp : IAsyncDisposable
{
    private static readonly TimeSpan TransferTime = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(10);
    private readonly Replica _replica;
    private readonly WebApplication _web;
    private readonly TlsMaterial? _tls;
    private readonly ILoggerFactory _loggers;
    private int _disposed;

    private ControlPlaneApp(ControlPlaneOptions options, Replica replica, WebApplication web, TlsMaterial? tls, ILoggerFactory loggers)
    {
        Options = options;
        _replica = replica;
        _web = web;
        _tls = tls;
        _loggers = loggers;
    }

    public ControlPlaneOptions Options { get; }

    /// <summary>Completes with the cause when the replica stopped for ever. In a process of its own the process ends with it.</summary>
    public Task<Exception> Fatal => _replica.Fatal.Cause;

    internal Replica Replica => _replica;

    /// <summary>
    /// Starts a replica; completes when its endpoints listen. Throws <see cref="StartupException"/> with one line for the operator.
    /// </summary>
    /// <param name="engine">What keeps the log, by the certificates that members show each other.</param>
    public static async Task<ControlPlaneApp> StartAsync(ControlPlaneOptions options, Func<TlsMaterial?, ILogEngine> engine,
        CancellationToken cancellationToken, ReplicaTuning? tuning = null)
    {
        var problems = ControlPlaneOptionsCheck.Check(options);
        if (problems.Count > 0) throw new StartupException(ExitCode.BadConfiguration, string.Join(Environment.NewLine, problems));
        ConnectionBudget.OfProcess.RequireEnough();
        if (options.Join.Count > 0) await Members.JoinPreparation.PrepareAsync(options, WebHost.ReplicaToken(options), cancellationToken);
        var cluster = ClusterFiles.Read(options.DataDirectory);
        TlsMaterial? tls = null;
        ILogDirectory? directory = null;
        Replica? replica = null;
        var loggers = ServerHost.Loggers(options);
        tuning ??= ReplicaTuning.Default;
        try
        {
            tls = options.Tls.Load();
            directory = LogStart.Open(options, cluster, engine(tls));
            replica = new Replica(options, cluster, directory, tuning, tls, WebHost.ReplicaToken(options), loggers);
            var web = WebHost.Build(options, replica, tuning, tls, loggers);
            var app = new ControlPlaneApp(options, replica, web, tls, loggers);
            await web.StartAsync(cancellationToken);
            replica.StartLoops();
            new PortNotice(options, replica.Core.Book, loggers.CreateLogger<PortNotice>()).Look();
            web.Services.GetRequiredService<ServingStatus>().Set("", serving: true);
            return app;
        }
        catch (Exception e)
        {
            if (replica is not null) await replica.DisposeAsync();
            else directory?.Dispose();
            tls?.Dispose();
            loggers.Dispose();
            throw e switch
            {
                IOException when e.InnerException is Microsoft.AspNetCore.Connections.AddressInUseException =>
                    new StartupException(ExitCode.PortInUse,
                        $"replica {cluster.Self} cannot listen: {e.Message} Stop what listens there, or choose another port", e),
                IOException when DiskFull.Is(e) => new StartupException(ExitCode.DataDirectory,
                    $"replica {cluster.Self} cannot start ({e.Message}): {DiskFull.Advice(options.DataDirectory)}", e),
                IOException or UnauthorizedAccessException =>
                    new StartupException(ExitCode.DataDirectory, $"{options.DataDirectory} cannot be used: {e.Message}", e),
                SocketException => new StartupException(ExitCode.BadConfiguration,
                    $"replica {cluster.Self} cannot listen on {options.BindAddress}: {e.Message}; name an address of this machine", e),
                RpcConfigurationException => new StartupException(ExitCode.BadConfiguration, e.Message, e),
                _ => e,
            };
        }
    }

    /// <summary>Starts a replica and serves until cancelled, then shuts down cleanly.</summary>
    /// <returns>The exit code of the process; a line on standard error says why it is not 0.</returns>
    public static async Task<int> RunAsync(ControlPlaneOptions options, Func<TlsMaterial?, ILogEngine> engine,
        CancellationToken cancellationToken, ReplicaTuning? tuning = null)
    {
        try
        {
            await using var app = await StartAsync(options, engine, cancellationToken, tuning);
            await Task.WhenAny(app.Fatal, Task.Delay(Timeout.Infinite, cancellationToken));
            return app.Fatal.IsCompleted ? (int)ExitCode.Fatal : (int)ExitCode.Clean;
        }
        catch (StartupException e)
        {
            await Console.Error.WriteLineAsync(e.Message);
            return (int)e.Code;
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested) { return (int)ExitCode.Clean; }
    }

    /// <summary>Completes when the replica knows a leader and has applied what was committed at start.</summary>
    public async Task WaitForReadyAsync(CancellationToken cancellationToken)
    {
        while (!_replica.Core.IsReady) await Task.Delay(Poll, cancellationToken);
    }

    /// <summary>Readiness off, leadership handed over, calls drained, everything flushed.</summary>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0) return;
        _web.Services.GetRequiredService<ServingStatus>().Set("", serving: false);
        if (!Fatal.IsCompleted) await HandOverAsync();
        _replica.Core.Gate.BeginShutdown();
        _replica.EndStreams();
        using (var grace = new CancellationTokenSource(Options.ShutdownGraceMs))
        {
            try { await _web.StopAsync(grace.Token); }
            catch (OperationCanceledException) { }
        }
        await _replica.DisposeAsync();
        await _web.DisposeAsync();
        _tls?.Dispose();
        _loggers.Dispose();
    }

    private async Task HandOverAsync()
    {
        if (!_replica.Core.Leadership.IsMine || _replica.Core.Log.Status.Membership.Voters.Length <= 1) return;
        try
        {
            using var limit = new CancellationTokenSource(TransferTime);
            await _replica.Core.Log.TransferLeadershipAsync(MemberId.None, limit.Token);
        }
        catch (Exception e) when (e is TimeoutException or OperationCanceledException) { } // the others elect one when this one is gone
    }
}
