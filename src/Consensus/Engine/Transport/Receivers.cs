using System.Net.Sockets;
using VideoScale.Consensus.Apply.Snapshots;
using VideoScale.Consensus.Core;
using VideoScale.Consensus.Engine.Ports;

namespace VideoScale.Consensus.Engine.Transport;

/// <summary>The connections that came in: a thread each, one per member and channel, and few that have not proven who they are.</summary>
internal sealed class Receivers(TransportOptions options, SnapshotStore snapshots, StandAside aside, TransportLog log)
{
    private const int MaxUnproven = 32;
    private readonly Lock _gate = new();
    private readonly Dictionary<(MemberId, Channel), Line> _lines = [];
    private readonly HashSet<Thread> _threads = [];
    private readonly HashSet<Socket> _unproven = [];
    private readonly Dictionary<MemberId, long> _leftAt = [];
    private readonly SecondProcesses _second = new();
    private readonly long _startedAt = Environment.TickCount64;
    private ITransportListener? _listener;
    private bool _stopped;

    internal IReadOnlyList<string> Notices => _second.Notices;

    internal void Start(ITransportListener listener) => _listener = listener;

    internal void Take(Socket socket, Func<MemberId, bool> isKnown)
    {
        var thread = new Thread(() => Run(socket, isKnown)) { IsBackground = true, Name = "raft-receive" };
        lock (_gate)
        {
            if (_stopped || _unproven.Count >= MaxUnproven)
            {
                socket.Dispose();
                return;
            }
            _unproven.Add(socket);
            _threads.Add(thread);
        }
        thread.Start();
    }

    internal void Drop(MemberId member)
    {
        lock (_gate)
        {
            foreach (var (key, line) in _lines)
            {
                if (key.Item1 == member) line.Close();
            }
        }
    }

    internal void Stop()
    {
        Thread[] threads;
        lock (_gate)
        {
            _stopped = true;
            foreach (var socket in _unproven) socket.Dispose();
            foreach (var line in _lines.Values) line.Close();
            threads = [.. _threads];
        }
        foreach (var thread in threads) thread.Join();
    }

    private void Run(Socket socket, Func<MemberId, bool> isKnown)
    {
        Line? line = null;
        var address = "";
        try
        {
            address = socket.RemoteEndPoint?.ToString() ?? "";
            line = Line.Accept(options, socket, isKnown, Answer);
            if (!line.Hello.OnlyAsks && Adopt(socket, line)) Receive(line);
        }
        catch (Exception e) when (PeerSender.EndsConnection(e))
        {
            if (line is null) log.Refused(address, e.Message);
            else log.Ended(line.Hello.From, line.Hello.Channel, e.Message);
        }
        finally { Leave(socket, line); }
    }

    /// <summary>
    /// A member is one process: whoever is connected stays, a second one waits until it has left. Who restarts finds nobody, for the kernel
    /// closed what it had.
    /// </summary>
    private GreetingReply Answer(Line line)
    {
        var (member, greeting) = (line.Hello.From, line.Greeting);
        lock (_gate)
        {
            if (LiveOther(line) is { } first)
            {
                _second.Add(member, first.RemoteAddress, line.RemoteAddress);
                return new GreetingReply(GreetingAnswer.SecondProcess, first.Greeting.Start, first.RemoteAddress);
            }
            if (greeting.Aside && !_lines.ContainsKey((member, Channel.Control))
                && Environment.TickCount64 - _leftAt.GetValueOrDefault(member, _startedAt) < options.PrecedenceMs)
                return new GreetingReply(GreetingAnswer.SecondProcess);
        }
        return options.Starts!.Meet(member, greeting.Run, greeting.Start) is { } remembered
            ? new GreetingReply(GreetingAnswer.SetBack, remembered)
            : new GreetingReply(GreetingAnswer.Admitted);
    }

    private Line? LiveOther(Line line) => _lines.Values.FirstOrDefault(other => IsOtherProcess(other, line) && other.IsLive);

    private static bool IsOtherProcess(Line one, Line other) =>
        one.Hello.From == other.Hello.From && one.Greeting.Run != other.Greeting.Run && one.Greeting.Run != 0 && other.Greeting.Run != 0;

    private bool Adopt(Socket socket, Line line)
    {
        lock (_gate)
        {
            _unproven.Remove(socket);
            if (_stopped || LiveOther(line) is not null) return false; // two came at once: the other was first
            foreach (var other in _lines.Values.Where(other => IsOtherProcess(other, line))) other.Close();
            var key = (line.Hello.From, line.Hello.Channel);
            if (_lines.Remove(key, out var old)) old.Close(); // the member came back before we saw that it was gone
            _lines.Add(key, line);
            return true;
        }
    }

    private void Leave(Socket socket, Line? line)
    {
        var lost = false;
        lock (_gate)
        {
            _unproven.Remove(socket);
            _threads.Remove(Thread.CurrentThread);
            if (line is not null && _lines.TryGetValue((line.Hello.From, line.Hello.Channel), out var current) && current == line)
            {
                lost = _lines.Remove((line.Hello.From, line.Hello.Channel)) && !_stopped;
                _leftAt[line.Hello.From] = Environment.TickCount64;
            }
        }
        line?.Dispose();
        socket.Dispose();
        // a follower rarely writes: here it sees first that its leader is gone
        if (lost && line!.Hello.Channel == Channel.Control) _listener!.OnDisconnected(line.Hello.From);
    }

    private void Receive(Line line)
    {
        if (line.Hello.Channel == Channel.Snapshot)
        {
            SnapshotTransfer.Receive(line, snapshots, _listener!);
            return;
        }
        var scratch = new Entry[64];
        while (line.Frames.TryRead(out var type, out var body))
        {
            if (type != FrameType.Message) throw new ProtocolException($"a {type} frame among messages");
            var message = MessageCodec.Decode(body, ref scratch);
            if (message.From != line.Hello.From || message.To != options.Self)
                throw new ProtocolException($"a message from {message.From} to {message.To} on a connection of {line.Hello.From}");
            if (!aside.IsOn) _listener!.OnMessage(message);
        }
    }
}
