using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using VideoScale.MediaNode.Forwarding;
using VideoScale.MediaNode.Host.Dtls;
using VideoScale.MediaNode.Host.Srtp;
using VideoScale.MediaNode.Host.Tcp;
using VideoScale.MediaNode.Ice;
using VideoScale.Model;

namespace VideoScale.MediaNode.Host.Udp;

/// <summary>What a shard is made of.</summary>
public sealed record ShardOptions(int Shard, IPEndPoint Local)
{
    public bool Segmentation { get; init; } = true;
    public bool ManagedSocket { get; init; }
    public AeadKind Aead { get; init; } = AeadKind.Best;
    /// <summary>Where it is told which fragments name its peers; those who connect by TCP are led by it.</summary>
    public FragmentDirectory? Fragments { get; init; }
}

/// <summary>One thread with one socket and one engine. Everything of a peer happens on its shard's thread; others post to it.</summary>
public sealed partial class MediaShard : IPacketSink, IDisposable
{
    private const int TickMs = 10;
    private const int IdleMs = 500;
    /// <summary>Receive batches handled before the clock is looked at again, so that a flood starves nobody.</summary>
    private const int BatchesPerTurn = 8;

    private readonly ShardOptions _options;
    private readonly DtlsIdentity _identity;
    private readonly IDatagramSocket _socket;
    private readonly ConcurrentQueue<Action<MediaShard>> _posted = new();
    private readonly PeerTable _peers;
    private readonly Thread _thread;
    private readonly long _startTicks = Stopwatch.GetTimestamp();
    private volatile bool _stopping;
    private long _nextTickUs;

    public MediaShard(ShardOptions options, DtlsIdentity identity)
    {
        _options = options;
        _identity = identity;
        _peers = new PeerTable(options.Fragments, this);
        _socket = DatagramSockets.Bind(options.Local, options.Segmentation, options.ManagedSocket);
        _socket.Dropped = NotSent;
        _sendDtls = SendDtls;
        Engine = new ForwardingEngine(this, _link = new ShardLink(this));
        _thread = new Thread(Run) { Name = $"media shard {options.Shard}", IsBackground = true };
    }

    public int Index => _options.Shard;
    public IPEndPoint LocalEndPoint => _socket.LocalEndPoint;
    public SocketStatistics Statistics => _socket.Statistics;
    internal IDatagramSocket Socket => _socket;
    /// <summary>To be used on the shard's thread alone, that is inside <see cref="Post"/>.</summary>
    public ForwardingEngine Engine { get; }
    /// <summary>Datagrams that no peer of ours sent.</summary>
    public long Strangers { get; private set; }
    /// <summary>Checks that named a peer of ours and were not made by it: their integrity was computed, in vain.</summary>
    public long ChecksRefused { get; private set; }
    /// <summary>The same, not even computed: too many came before.</summary>
    public long ChecksIgnored { get; private set; }
    /// <summary>Why the shard's thread ended, when it was not asked to.</summary>
    public Exception? Fault { get; private set; }

    /// <summary>Raised on the shard's thread when a peer's transport changes; handlers must not wait.</summary>
    public event Action<int, TransportState>? TransportChanged;
    /// <summary>
    /// Raised on the shard's thread, once, for a peer that has chosen its path and makes no keys over it; handlers must not wait.
    /// </summary>
    public event Action<int>? HandshakeOverdue;
    /// <summary>Raised on the shard's thread for each event of the engine; handlers must not wait.</summary>
    public event Action<EngineEvent>? EngineRaised;

    public void Start() => _thread.Start();

    /// <summary>Has the shard's thread run something; commands of signalling come in this way.</summary>
    public void Post(Action<MediaShard> command)
    {
        _posted.Enqueue(command);
        _socket.Wake();
    }

    /// <summary>Runs something on the shard's thread and returns what came of it.</summary>
    public Task<T> AskAsync<T>(Func<MediaShard, T> query)
    {
        var answer = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        Post(on =>
        {
            try { answer.SetResult(query(on)); }
            catch (Exception e) when (e is not InvariantViolation) { answer.SetException(e); }
        });
        return answer.Task;
    }

    /// <summary>
    /// Microseconds since something authentic came of a peer; 0 before the first, or for a stranger. On the shard's thread.
    /// </summary>
    public long SilentUs(int id) => _peers.Find(id) is { HeardUs: not 0 } peer ? NowUs - peer.HeardUs : 0;

    /// <summary>Microseconds of this shard's clock, which only goes forward; the clock the engine is told.</summary>
    public long NowUs => 1 + (long)((Stopwatch.GetTimestamp() - _startTicks) * 1e6 / Stopwatch.Frequency);

    public Failure? AddPeer(TransportOptions transport, PeerOptions peer)
    {
        if (_peers.Has(transport.Local.UsernameFragment)) return Failure.AlreadyExists($"ICE fragment {transport.Local.UsernameFragment}");
        if (Engine.AddPeer(peer with { IsReachable = false }) is { } failure) return failure;
        _peers.Add(new ShardPeer(transport, _identity));
        return null;
    }

    /// <summary>New ICE credentials for a peer whose client restarts ICE; DTLS, keys and media go on.</summary>
    public Failure? RestartIce(int id, IceCredentials local, IceCredentials remote)
    {
        if (_peers.Find(id) is not { } peer) return Failure.NotFound($"peer {id}");
        if (_peers.Has(local.UsernameFragment)) return Failure.AlreadyExists($"ICE fragment {local.UsernameFragment}");
        _peers.RestartIce(peer, local, remote);
        return null;
    }

    /// <returns>False when there is none.</returns>
    public bool RemovePeer(int id)
    {
        if (_peers.Find(id) is not { } peer) return false;
        Engine.RemovePeer(id);
        _reserved = null;
        if (peer.Destination is not null)
        {
            _handshaking = peer;
            peer.Dtls.Close(_sendDtls);
            Flush(); // the destination's chain must not outlive it
        }
        EndConnectionsOf(peer);
        _peers.Remove(peer);
        Change(peer, TransportState.Closed);
        peer.Dispose();
        return true;
    }

    public void Dispose()
    {
        _stopping = true;
        _socket.Wake();
        if (_thread.IsAlive && Thread.CurrentThread != _thread) _thread.Join();
        DisposeConnections(); // before what they wake up
        foreach (var peer in _peers.All) peer.Dispose();
        _socket.Dispose();
    }

    private void Run()
    {
        try
        {
            while (!_stopping) Turn();
        }
        catch (Exception e) when (e is not InvariantViolation)
        {
            Fault = e; // the node's supervision sees it and ends the process; calls here are lost
        }
    }

    private void Turn()
    {
        while (_posted.TryDequeue(out var command)) command(this);
        ServeConnections();
        if (_link.HasInput) _link.Drain(Engine);
        Flush();
        var now = NowUs;
        // Rounded up: what is left of a millisecond would be spent asking the socket again and again. Without peers nothing is due.
        var wait = _peers.All.Count == 0 ? IdleMs : (int)Math.Clamp((_nextTickUs - now + 999) / 1000, 0, TickMs);
        for (var batch = 0; batch < BatchesPerTurn; batch++)
        {
            var count = _socket.Receive(batch == 0 && IsIdle ? wait : 0);
            if (count == 0) break;
            now = NowUs;
            for (var i = 0; i < count; i++)
            {
                var datagram = _socket.Datagram(i, out var from);
                Handle(datagram, from, now);
            }
            Flush();
            _socket.Statistics.BatchUs += (NowUs - now - _socket.Statistics.BatchUs) / 16;
        }
        if (now < _nextTickUs && NowUs < _nextTickUs) return;
        _nextTickUs = NowUs + TickMs * 1000;
        Tick(NowUs);
        Flush();
    }

    private bool IsIdle => _posted.IsEmpty && _ready.IsEmpty && !_link.HasInput;

    private void Flush()
    {
        if (_socket.Outgoing.Count > 0) _socket.Flush();
        FlushConnections();
    }

    private void Tick(long nowUs)
    {
        Engine.Tick(nowUs);
        TickData(nowUs);
        LookAtConnections(nowUs);
        foreach (var peer in _peers.All)
        {
            if (peer.Handshake.IsOverdue(peer.Ice.NominatedUs, isKeyed: peer.Sender is not null
                || peer.State is TransportState.Closed, nowUs)) HandshakeOverdue?.Invoke(peer.Id);
            if (peer.State is TransportState.New && peer.Ice.IsGivenUp(nowUs)) Change(peer, TransportState.Failed);
            if (peer.State is not (TransportState.Checked or TransportState.Connected)) continue;
            _handshaking = peer;
            peer.Dtls.Tick(_sendDtls);
            if (!peer.Ice.HasConsent(nowUs)) Change(peer, TransportState.Failed);
        }
        while (Engine.Events.TryDequeue(out var happened)) EngineRaised?.Invoke(happened);
    }

    private void Change(ShardPeer peer, TransportState state)
    {
        peer.State = state;
        Engine.SetReachable(peer.Id, state is TransportState.Connected, NowUs);
        TransportChanged?.Invoke(peer.Id, state);
    }
}
