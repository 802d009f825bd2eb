using System.Threading.Channels;
using Grpc.Core;
using Microsoft.Extensions.Logging;
using VideoScale.MediaNode.Host.Load;
using VideoScale.MediaNode.Host.Ownership;
using VideoScale.MediaNode.Ownership;
using VideoScale.V1;

namespace VideoScale.MediaNode.Host.Agent;

/// <summary>One Attach call to one replica, from Hello until it breaks.</summary>
internal sealed partial class AgentStream(AuthorityGate authority, LoadMeter load, AgentIdentity identity, ILogger logger)
{
    /// <summary>Heartbeats in a row without an acknowledgement before another replica is tried.</summary>
    private const int SilentHeartbeats = 3;

    private const long LeavingPeriodMs = 100;

    /// <summary>How the reason begins when the leader is silent.</summary>
    internal const string NoAcknowledgement = "no acknowledgement";

    private readonly Channel<bool> _wake =
        Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
    private long _lastAckTicks;
    private volatile bool _departing;

    /// <summary>
    /// Ends this side once the leader has been told that the node stops; the leader ends its own when that is on record.
    /// </summary>
    internal void Depart()
    {
        _departing = true;
        Wake();
    }

    /// <summary>Completes with the reason when the stream is of no use any more; throws what gRPC throws.</summary>
    /// <param name="served">Called once, when the leader has acknowledged a heartbeat: a Welcome alone may come from one that lost its
    /// quorum.</param>
    /// <param name="welcomeWithin">Without a Welcome in this time the replica is not a leader that works.</param>
    internal async Task<string> RunAsync(CallInvoker invoker, TimeSpan welcomeWithin, Action served, CancellationToken cancellationToken)
    {
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        using var call = new AgentService.AgentServiceClient(invoker).Attach(cancellationToken: ending.Token);
        var start = authority.BeginStream();
        authority.ReportsWaiting += Wake;
        try
        {
            if (await ReceiveWelcomeAsync(call, start, welcomeWithin, ending.Token) is not { } welcome)
                return "the replica is not fit to lead";
            Volatile.Write(ref _lastAckTicks, Environment.TickCount64);
            var sending = SendAsync(call, start.Stream, TimeSpan.FromMilliseconds(Math.Clamp(welcome.HeartbeatMs, 50, 10_000)),
                ending.Token);
            var receiving = ReceiveAsync(call, start.Stream, served, ending.Token);
            var first = await Task.WhenAny(sending, receiving);
            await ending.CancelAsync();
            // nothing of this stream outlives it
            await ((Task)Task.WhenAll(sending, receiving)).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            foreach (var bug in new[] { sending, receiving }.Select(t => t.Exception?.InnerException)
                .OfType<VideoScale.Model.InvariantViolation>())
                throw new VideoScale.Model.InvariantViolation(bug.Message, bug);
            return await first;
        }
        finally
        {
            authority.ReportsWaiting -= Wake;
        }
    }

    private void Wake() => _wake.Writer.TryWrite(true);

    private AgentHello Hello(StreamStart start)
    {
        var hello = identity.ToHello();
        hello.Incarnation = start.Incarnation;
        hello.Held.AddRange(start.Held.Select(h => new V1.HeldRoom { RoomId = h.Room.Value, Epoch = h.Epoch.Value }));
        return hello;
    }

    private async Task<Welcome?> ReceiveWelcomeAsync(AsyncDuplexStreamingCall<AgentMessage, AgentDirective> call, StreamStart start,
        TimeSpan within, CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(within);
        bool any;
        try
        {
            await call.RequestStream.WriteAsync(new AgentMessage { Hello = Hello(start) }, limit.Token); // waits for the connection
            any = await call.ResponseStream.MoveNext(limit.Token);
        }
        catch (Exception e) when (limit.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            throw new RpcException(new Status(StatusCode.DeadlineExceeded, "no welcome in time"), e.Message);
        }
        if (!any) return null;
        var message = call.ResponseStream.Current;
        if (message.KindCase == AgentDirective.KindOneofCase.Expelled)
        {
            LogExpelled(message.Expelled.Reason);
            authority.Apply(start.Stream, message.ToCore()!);
            return null;
        }
        if (message.KindCase != AgentDirective.KindOneofCase.Welcome) return null;
        var told = message.Welcome;
        if (authority.Welcome(start.Stream, told.AppliedIndex, told.Term, told.TellsSessions) is { } refusal)
        {
            LogDeposed(refusal.Message);
            return null;
        }
        return message.Welcome;
    }

    /// <summary>Heartbeats on time and reports as they come, through the stream's one writer.</summary>
    private async Task<string> SendAsync(AsyncDuplexStreamingCall<AgentMessage, AgentDirective> call, ulong stream, TimeSpan period,
        CancellationToken cancellationToken)
    {
        var reports = new List<NumberedReport>();
        var nextTicks = Environment.TickCount64;
        var saidLeaving = false;
        var patience = Math.Max(1_500, (long)period.TotalMilliseconds * SilentHeartbeats);
        while (true)
        {
            var now = Environment.TickCount64;
            if (now - Volatile.Read(ref _lastAckTicks) > patience) return $"{NoAcknowledgement} for {patience} ms";
            // On the way out the leader hears it before the rooms are released, and acknowledgements are wanted soon.
            if (authority.IsLeaving) nextTicks = Math.Min(nextTicks, saidLeaving ? now + LeavingPeriodMs : now);
            if (now >= nextTicks)
            {
                nextTicks = now + (long)period.TotalMilliseconds;
                saidLeaving = await BeatAsync(call, stream, cancellationToken);
            }
            if (_departing && saidLeaving)
            {
                await call.RequestStream.CompleteAsync();
                await Task.Delay(Timeout.Infinite, cancellationToken);
            }
            reports.Clear();
            authority.TakeReports(stream, reports);
            foreach (var report in reports)
                await call.RequestStream.WriteAsync(new AgentMessage { Report = report.ToWire() }, cancellationToken);
            await WaitAsync(TimeSpan.FromMilliseconds(Math.Max(1, nextTicks - Environment.TickCount64)), cancellationToken);
        }
    }

    /// <returns>Whether it said that the node is leaving.</returns>
    private async Task<bool> BeatAsync(AsyncDuplexStreamingCall<AgentMessage, AgentDirective> call, ulong stream,
        CancellationToken cancellationToken)
    {
        var measured = load.Measure();
        var stamp = authority.SendHeartbeat(stream);
        var heartbeat = new Heartbeat
        {
            Sequence = stamp.Sequence,
            AppliedIndex = stamp.AppliedIndex,
            Load = measured,
            Leaving = stamp.Leaving,
        };
        await call.RequestStream.WriteAsync(new AgentMessage { Heartbeat = heartbeat }, cancellationToken);
        return stamp.Leaving;
    }

    /// <summary>Until the next heartbeat is due or a report waits.</summary>
    private async Task WaitAsync(TimeSpan time, CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(time);
        try { await _wake.Reader.ReadAsync(limit.Token); }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested) { }
    }

    private async Task<string> ReceiveAsync(AsyncDuplexStreamingCall<AgentMessage, AgentDirective> call, ulong stream, Action served,
        CancellationToken cancellationToken)
    {
        var acknowledged = false;
        while (await call.ResponseStream.MoveNext(cancellationToken))
        {
            var message = call.ResponseStream.Current;
            if (message.KindCase == AgentDirective.KindOneofCase.HeartbeatAck)
            {
                authority.Acknowledge(stream, message.HeartbeatAck.ToCore());
                Volatile.Write(ref _lastAckTicks, Environment.TickCount64);
                if (!acknowledged) served();
                acknowledged = true;
                continue;
            }
            if (message.ToCore() is not { } directive) continue;
            LogDirective(directive);
            authority.Apply(stream, directive);
            if (directive is Directive.Expelled expelled)
            {
                LogExpelled(expelled.Reason);
                return "expelled";
            }
        }
        return "the leader closed the stream";
    }

    [LoggerMessage(5101, LogLevel.Debug, "Directive {Directive}")] private partial void LogDirective(Directive directive);
    [LoggerMessage(5102, LogLevel.Warning, "Expelled: {Reason}; all rooms are dropped")] private partial void LogExpelled(string reason);
    [LoggerMessage(5103, LogLevel.Warning, "Left a replica that is behind: {Reason}")] private partial void LogDeposed(string reason);
}
