using System.Net.Sockets;
using VideoScale.Consensus.Host.Ports;
using VideoScale.Consensus.Host.Snapshots;

namespace VideoScale.Consensus.Host.Transport;

/// <summary>The connections that came in: a thread each, one per member and channel, and few that have not proven who they are.</summary>
internal sealed class Receivers(TransportOptions options, SnapshotStore snapshots, TransportLog log)
{
    private const int MaxUnproven = 32;
    private readonly Lock _gate = new();
    private readonly Dictionary<(MemberId, Channel), Line> _lines = [];
    private readonly HashSet<Thread> _threads = [];
    private readonly HashSet<Socket> _unproven = [];
    private ITransportListener? _listener;
    private bool _stopped;

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
            line = Line.Accept(options, socket, isKnown);
            if (Adopt(socket, line)) Receive(line);
        }
        catch (Exception e) when (PeerSender.EndsConnection(e))
        {
            if (line is null) log.Refused(address, e.Message);
            else log.Ended(line.Hello.From, line.Hello.Channel, e.Message);
        }
        finally { Leave(socket, line); }
    }

    private bool Adopt(Socket socket, Line line)
    {
        lock (_gate)
        {
            _unproven.Remove(socket);
            if (_stopped) return false;
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
                lost = _lines.Remove((line.Hello.From, line.Hello.Channel)) && !_stopped;
        }
        line?.Dispose();
        socket.Dispose();
        if (lost && line!.Hello.Channel == Channel.Control) _listener!.OnDisconnected(line.Hello.From); // a follower rarely writes: here it sees first that its leader is gone
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
            if (message.From != line.Hello.From || message.To != options.Self) throw new ProtocolException($"a message from {message.From} to {message.To} on a connection of {line.Hello.From}");
            _listener!.OnMessage(message);
        }
    }
}
