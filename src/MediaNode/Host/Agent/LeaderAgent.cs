using Grpc.Core;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using VideoScale.MediaNode.Host.Load;
using VideoScale.MediaNode.Host.Options;
using VideoScale.MediaNode.Host.Ownership;
using VideoScale.Platform;
using VideoScale.Rpc;

namespace VideoScale.MediaNode.Host.Agent;

/// <summary>Keeps this node attached to whoever leads, for as long as the process lives.</summary>
internal sealed partial class LeaderAgent(
    MediaNodeOptions options, AuthorityGate authority, LoadMeter load, Func<string, CallInvoker> connect, Action fatal,
        ILogger<LeaderAgent> logger) : BackgroundService
{
    /// <summary>Two processes under one name would expel each other in turn: each waits longer every time.</summary>
    private static readonly TimeSpan LongestExpelledWait = TimeSpan.FromSeconds(30);

    private const long ComplaintPeriodMs = 10_000;

    private readonly LeaderAddresses _addresses = new([.. options.Control]);
    private int _expelledInARow;
    private int _nameTakenInARow;
    private long _complainedTicks;
    private volatile bool _departing;
    private volatile AgentStream? _stream;
    private volatile Task _attached = Task.CompletedTask;

    /// <summary>The replica that serves this node now; null between streams.</summary>
    internal string? AttachedTo { get; private set; }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var endings = EndSessionsOnTimeAsync(stoppingToken);
        try
        {
            while (!stoppingToken.IsCancellationRequested)
            {
                await Task.Delay(_addresses.Wait(Random.Shared), stoppingToken);
                if (_departing) break;
                await (_attached = AttachOnceAsync(_addresses.Next(), stoppingToken));
                if (authority.IsExpelled) await BeginAnewAsync(stoppingToken);
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested) { }
        catch (VideoScale.Model.InvariantViolation e)
        {
            LogFatal(e);
            fatal();
            throw;
        }
        await endings;
    }

    /// <summary>
    /// For a node that has given everything up: completes when the leader has put on record that it left, or has not in that time.
    /// </summary>
    internal async Task DepartAsync(TimeSpan within)
    {
        _departing = true;
        _stream?.Depart();
        await Task.WhenAny(_attached, Task.Delay(within));
    }

    private async Task AttachOnceAsync(string address, CancellationToken stoppingToken)
    {
        var served = false;
        try
        {
            var stream = _stream = new AgentStream(authority, load, new AgentIdentity(options), logger);
            if (_departing) stream.Depart();
            var reason = await stream.RunAsync(connect(address), _addresses.WelcomeWithin, () =>
            {
                served = true;
                (_expelledInARow, _nameTakenInARow) = (0, 0);
                _addresses.Served(address);
                AttachedTo = address;
                LogAttached(address);
            }, stoppingToken);
            LogDetached(address, reason);
            if (served && reason.StartsWith(AgentStream.NoAcknowledgement, StringComparison.Ordinal)) _addresses.Silent(address);
            if (!served || reason != "expelled") _addresses.Failed();
        }
        catch (RpcException e) when (!stoppingToken.IsCancellationRequested)
        {
            if (MultiEndpointInvoker.LeaderOf(e) is { } leader && leader != address)
            {
                _addresses.Hint(leader);
                LogReferred(address, leader);
            }
            else if (e.StatusCode == StatusCode.AlreadyExists)
            {
                await NameTakenAsync(address, e.Status.Detail, stoppingToken);
                return;
            }
            else if (served) LogDetached(address, e.Status.Detail);
            else if (IsTimeToComplain()) LogRefused(address, e.StatusCode, e.Status.Detail);
            _addresses.Failed();
        }
        catch (Exception e) when (e is not (VideoScale.Model.InvariantViolation or OperationCanceledException))
        {
            LogBroken(address, e);
            _addresses.Failed();
        }
        catch (OperationCanceledException) when (!stoppingToken.IsCancellationRequested) { _addresses.Failed(); }
        finally { (AttachedTo, _stream) = (null, null); }
    }

    /// <summary>The first failure, then one line now and then: an outage must not fill the log.</summary>
    private bool IsTimeToComplain()
    {
        var now = Environment.TickCount64;
        if (_addresses.Failures > 0 && now - _complainedTicks < ComplaintPeriodMs) return false;
        _complainedTicks = now;
        return true;
    }

    /// <summary>
    /// Another process has the name. It may be this node's own last one, whose end the leader does not know yet: soon again, then ever more
    /// seldom.
    /// </summary>
    private async Task NameTakenAsync(string address, string why, CancellationToken stoppingToken)
    {
        var wait = TimeSpan.FromMilliseconds(Math.Min(LongestExpelledWait.TotalMilliseconds, 250 << Math.Min(_nameTakenInARow++, 8)));
        _addresses.Hint(address); // it leads
        if (_nameTakenInARow > 4) LogNameTaken(why, wait);
        else LogNameNotFree(why);
        await Task.Delay(wait, stoppingToken);
    }

    private async Task BeginAnewAsync(CancellationToken stoppingToken)
    {
        var wait = TimeSpan.FromMilliseconds(Math.Min(LongestExpelledWait.TotalMilliseconds, 100 << Math.Min(_expelledInARow++, 10)));
        if (_expelledInARow > 2) LogExpelledAgain(options.NodeId, _expelledInARow, wait);
        await Task.Delay(wait * (0.5 + Random.Shared.NextDouble() / 2), stoppingToken);
        authority.BeginIncarnation(RandomNumbers.NonZero());
    }

    /// <summary>Sessions whose time is over end soon after; authority itself needs no timer.</summary>
    private async Task EndSessionsOnTimeAsync(CancellationToken stoppingToken)
    {
        try
        {
            while (true)
            {
                var untilEndMs = (authority.LeaseUntilNs - authority.Clock.NowNs) / 1_000_000;
                await Task.Delay(TimeSpan.FromMilliseconds(untilEndMs > 0 ? Math.Min(untilEndMs + 1, 500) : 200), stoppingToken);
                authority.Tick();
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested) { }
    }

    [LoggerMessage(5001, LogLevel.Information, "Attached to the leader at {Address}")] private partial void LogAttached(string address);
    [LoggerMessage(5002, LogLevel.Warning, "Detached from {Address}: {Reason}")]
    private partial void LogDetached(string address, string reason);
    [LoggerMessage(5003, LogLevel.Debug, "{Address} follows; it names {Leader} as leader")]
    private partial void LogReferred(string address, string leader);
    [LoggerMessage(5004, LogLevel.Information, "{Address} does not serve this node ({Code}): {Detail}")]
    private partial void LogRefused(string address, StatusCode code, string detail);
    [LoggerMessage(3518, LogLevel.Error, "This process is not let in: {Why}. Next try in {Wait}")]
    private partial void LogNameTaken(string why, TimeSpan wait);
    [LoggerMessage(3519, LogLevel.Information, "Not let in yet: {Why}")] private partial void LogNameNotFree(string why);
    [LoggerMessage(5007, LogLevel.Critical, "A law of this program was broken: the process ends")]
    private partial void LogFatal(Exception e);
    [LoggerMessage(5005, LogLevel.Warning, "The connection to {Address} broke")]
    private partial void LogBroken(string address, Exception e);
    [LoggerMessage(5006, LogLevel.Error,
        "{NodeId} was expelled {Times} times in a row: does another process run under that name? Next try in {Wait}")]
    private partial void LogExpelledAgain(string nodeId, int times, TimeSpan wait);
}
