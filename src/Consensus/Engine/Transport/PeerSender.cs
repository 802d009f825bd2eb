using System.Net;
using System.Net.Sockets;
using System.Security.Authentication;
using VideoScale.Consensus.Engine.Ports;

namespace VideoScale.Consensus.Engine.Transport;

/// <summary>Keeps one connection to a member and writes to it what waits in its queue: one thread, from the first try to the end.</summary>
internal sealed class PeerSender : IDisposable
{
    private static readonly TimeSpan IdleCheck = TimeSpan.FromSeconds(1); // a quiet line is looked at this often for having been closed
    private const int MinAsideBackoffMs = 500;
    private const int AsideBackoffMs = 5_000;
    private readonly TransportOptions _options;
    private readonly MemberId _member;
    private readonly EndPoint _address;
    private readonly Channel _channel;
    private readonly TransportLog _log;
    private readonly StandAside _aside;
    private readonly ITransportListener _listener;
    private readonly CancellationTokenSource _stop = new();
    private readonly Thread _thread;
    private volatile Line? _line;

    internal PeerSender(TransportOptions options, MemberId member, EndPoint address, Channel channel, StandAside aside, TransportLog log,
        ITransportListener listener)
    {
        (_options, _member, _address, _channel, _aside, _log, _listener) = (options, member, address, channel, aside, log, listener);
        Queue = new SendQueue(channel == Channel.Bulk ? options.BulkQueueBytes : options.ControlQueueBytes);
        _thread = new Thread(Run) { IsBackground = true, Name = $"raft-send-{channel}" };
        _thread.Start();
    }

    internal SendQueue Queue { get; }
    internal bool IsConnected => _line is not null;

    /// <summary>Connected, and the other side remembers which process this is.</summary>
    internal bool IsGreeted => _line is { IsGreeted: true };

    internal MemberId Member => _member;
    internal EndPoint Address => _address;

    public void Dispose()
    {
        _stop.Cancel();
        Queue.Stop();
        _line?.Close();
        _thread.Join();
        _stop.Dispose();
    }

    /// <summary>What ends a connection, as opposed to what is our own bug.</summary>
    internal static bool EndsConnection(Exception e) =>
        e is IOException or SocketException or AuthenticationException or ProtocolException or ObjectDisposedException;

    private void Run()
    {
        var backoffMs = _options.MinBackoffMs;
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                using var line = Line.Connect(_options, _address, _member, _channel, _aside.IsOn);
                backoffMs = _options.MinBackoffMs;
                _aside.Admitted(_member);
                Pump(line);
            }
            catch (GreetingRefusedException e) { backoffMs = Meet(e.Reply, backoffMs); }
            catch (Exception e) when (EndsConnection(e))
            {
                if (!_stop.IsCancellationRequested) _log.ConnectionFailed(_member, _channel, e);
            }
            if (_line is not null)
            {
                _line = null;
                _listener.OnDisconnected(_member);
            }
            _stop.Token.WaitHandle.WaitOne(Random.Shared.Next(backoffMs / 2, backoffMs + 1));
            backoffMs = Math.Min(2 * backoffMs, _aside.IsOn ? AsideBackoffMs : _options.MaxBackoffMs);
            _aside.Expire();
        }
    }

    /// <summary>The other side knows another process of this replica.</summary>
    /// <returns>How long to wait, in milliseconds, before it is tried again.</returns>
    private int Meet(GreetingReply reply, int backoffMs)
    {
        if (reply.Answer == GreetingAnswer.SecondProcess)
        {
            _aside.Refused(_member, reply.Address);
            return Math.Max(backoffMs, MinAsideBackoffMs);
        }
        var starts = _options.Starts!;
        try
        {
            // quarantined first: only then may it connect
            if (_listener.OnSetBack(_member, reply.Start, starts.Start)) starts.RaiseAbove(reply.Start);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            _log.ConnectionFailed(_member, _channel, e);
            return _options.MaxBackoffMs;
        }
        return _options.MinBackoffMs;
    }

    private void Pump(Line line)
    {
        _line = line;
        Queue.Open(line);
        _log.Connected(_member, _channel);
        try
        {
            while (Queue.Take(IdleCheck, out var frames))
            {
                if (line.IsClosedByPeer) throw new ProtocolException("the other side closed the connection");
                if (!frames.IsEmpty) line.Send(frames);
            }
        }
        finally { Queue.Open(null); }
    }
}
