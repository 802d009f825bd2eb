using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Text;
using VideoScale.MediaNode.Forwarding;
using VideoScale.MediaNode.Host.Dtls;
using VideoScale.MediaNode.Host.Srtp;
using VideoScale.MediaNode.Ice;
using VideoScale.Model;

namespace VideoScale.MediaNode.Host.Udp;

/// <summary>What a shard is made of.</summary>
public sealed record ShardOptions(int Shard, IPEndPoint Local)
{
    public bool Segmentation { get; init; } = true;
    public bool ManagedSocket { get; init; }
    public AeadKind Aead { get; init; } = AeadKind.Best;
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
    private readonly Dictionary<string, ShardPeer> _byFragment = new(StringComparer.Ordinal);
    private readonly Dictionary<TransportAddress, ShardPeer> _byAddress = [];
    private readonly Dictionary<int, ShardPeer> _peers = [];
    private readonly List<ShardPeer> _order = [];
    private readonly Thread _thread;
    private readonly byte[] _stunAnswer = new byte[256];
    private readonly CheckBudget _checks = new(slots: 1024);
    private readonly byte[] _applicationData = new byte[2048];
    private readonly long _startTicks = Stopwatch.GetTimestamp();
    private volatile bool _stopping;
    private ShardPeer? _reserved;
    private ShardPeer? _handshaking;
    private long _nextTickUs;

    public MediaShard(ShardOptions options, DtlsIdentity identity)
    {
        _options = options;
        _identity = identity;
        _socket = DatagramSockets.Bind(options.Local, options.Segmentation, options.ManagedSocket);
        _sendDtls = SendDtls;
        Engine = new ForwardingEngine(this, _link = new ShardLink(this));
        _thread = new Thread(Run) { Name = $"media shard {options.Shard}", IsBackground = true };
    }

    public int Index => _options.Shard;
    public IPEndPoint LocalEndPoint => _socket.LocalEndPoint;
    public SocketStatistics Statistics => _socket.Statistics;
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
    /// <summary>Raised on the shard's thread, once, for a peer that has chosen its path and makes no keys over it; handlers must not wait.</summary>
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

    /// <summary>Microseconds since something authentic came of a peer; 0 before the first, or for a stranger. On the shard's thread.</summary>
    public long SilentUs(int id) => _peers.TryGetValue(id, out var peer) && peer.HeardUs != 0 ? NowUs - peer.HeardUs : 0;

    /// <summary>Microseconds of this shard's clock, which only goes forward; the clock the engine is told.</summary>
    public long NowUs => 1 + (long)((Stopwatch.GetTimestamp() - _startTicks) * 1e6 / Stopwatch.Frequency);

    public Failure? AddPeer(TransportOptions transport, PeerOptions peer)
    {
        if (_byFragment.ContainsKey(transport.Local.UsernameFragment)) return Failure.AlreadyExists($"ICE fragment {transport.Local.UsernameFragment}");
        if (Engine.AddPeer(peer) is { } failure) return failure;
        var added = new ShardPeer(transport, _identity);
        _peers.Add(transport.Peer, added);
        _order.Add(added);
        _byFragment.Add(transport.Local.UsernameFragment, added);
        return null;
    }

    /// <summary>New ICE credentials for a peer whose client restarts ICE; DTLS, keys and media go on.</summary>
    public Failure? RestartIce(int id, IceCredentials local, IceCredentials remote)
    {
        if (!_peers.TryGetValue(id, out var peer)) return Failure.NotFound($"peer {id}");
        if (_byFragment.ContainsKey(local.UsernameFragment)) return Failure.AlreadyExists($"ICE fragment {local.UsernameFragment}");
        if (peer.PreviousIce is { } older) _byFragment.Remove(older.Local.UsernameFragment);
        peer.RestartIce(local, remote);
        _byFragment.Add(local.UsernameFragment, peer);
        return null;
    }

    public Failure? RemovePeer(int id)
    {
        if (!_peers.Remove(id, out var peer)) return Failure.NotFound($"peer {id}");
        Engine.RemovePeer(id);
        _reserved = null;
        if (peer.Destination is { } destination)
        {
            _handshaking = peer;
            peer.Dtls.Close(_sendDtls);
            _socket.Flush(); // the destination's chain must not outlive it
            _byAddress.Remove(destination.Address);
        }
        _byFragment.Remove(peer.Ice.Local.UsernameFragment);
        if (peer.PreviousIce is { } previous) _byFragment.Remove(previous.Local.UsernameFragment);
        _order.Remove(peer);
        Change(peer, TransportState.Closed);
        peer.Dispose();
        return null;
    }

    public void Dispose()
    {
        _stopping = true;
        _socket.Wake();
        if (_thread.IsAlive && Thread.CurrentThread != _thread) _thread.Join();
        foreach (var peer in _order) peer.Dispose();
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
        if (_link.HasInput)
        {
            _link.Drain(Engine);
            _socket.Flush();
        }
        var now = NowUs;
        // Rounded up: what is left of a millisecond would be spent asking the socket again and again. Without peers nothing is due.
        var wait = _order.Count == 0 ? IdleMs : (int)Math.Clamp((_nextTickUs - now + 999) / 1000, 0, TickMs);
        for (var batch = 0; batch < BatchesPerTurn; batch++)
        {
            var count = _socket.Receive(batch == 0 && _posted.IsEmpty && !_link.HasInput ? wait : 0);
            if (count == 0) break;
            now = NowUs;
            for (var i = 0; i < count; i++)
            {
                var datagram = _socket.Datagram(i, out var from);
                Handle(datagram, from, now);
            }
            _socket.Flush();
            _socket.Statistics.BatchUs += (NowUs - now - _socket.Statistics.BatchUs) / 16;
        }
        if (now < _nextTickUs && NowUs < _nextTickUs) return;
        _nextTickUs = NowUs + TickMs * 1000;
        Tick(NowUs);
        _socket.Flush();
    }

    private void Tick(long nowUs)
    {
        Engine.Tick(nowUs);
        foreach (var peer in _order)
        {
            if (peer.Handshake.IsOverdue(peer.Ice.NominatedUs, isKeyed: peer.Sender is not null || peer.State is TransportState.Closed, nowUs)) HandshakeOverdue?.Invoke(peer.Id);
            if (peer.State is not (TransportState.Checked or TransportState.Connected)) continue;
            _handshaking = peer;
            peer.Dtls.Tick(_sendDtls);
            if (!peer.Ice.HasConsent(nowUs)) Change(peer, TransportState.Failed);
        }
        while (Engine.Events.TryDequeue(out var happened)) EngineRaised?.Invoke(happened);
    }

    /// <summary>Tells the kinds apart by their first octet (RFC 7983).</summary>
    private void Handle(Span<byte> datagram, in TransportAddress from, long nowUs)
    {
        if (datagram.IsEmpty) return;
        _socket.Statistics.ReceivedOctets += datagram.Length;
        if (datagram[0] <= 3)
        {
            HandleStun(datagram, from, nowUs);
            return;
        }
        if (!_byAddress.TryGetValue(from, out var peer))
        {
            Strangers++;
            return;
        }
        if (datagram[0] is >= 20 and <= 63) HandleDtls(peer, datagram, nowUs);
        else if (datagram[0] is >= 128 and <= 191 && peer.Receiver is { } receiver && datagram.Length >= 2)
        {
            // RTCP packet types as they look to RTP: 64 to 95 (RFC 5761 §4).
            var isRtcp = (datagram[1] & 0x7F) is >= 64 and <= 95;
            var length = isRtcp ? receiver.UnprotectRtcp(datagram) : receiver.UnprotectRtp(datagram);
            if (length < 0) return;
            peer.HeardUs = nowUs;
            if (isRtcp) Engine.HandleRtcp(peer.Id, datagram[..length], nowUs);
            else Engine.HandleRtp(peer.Id, datagram[..length], nowUs);
        }
    }

    private void HandleStun(Span<byte> datagram, in TransportAddress from, long nowUs)
    {
        // What names no peer of ours costs one look-up, before any hash is computed.
        if (!StunMessage.TryParse(datagram, out var message) || !TryFind(message.Username, out var peer))
        {
            Strangers++;
            return;
        }
        var isKnown = from == peer.Ice.Selected;
        var budget = isKnown ? peer.Checks : _checks;
        if (!budget.Allows(from, isKnown, nowUs))
        {
            ChecksIgnored++;
            return;
        }
        var outcome = peer.Ice.Handle(message, from, nowUs, _stunAnswer, out var length);
        var isPrevious = outcome is IceOutcome.Ignored && peer.PreviousIce is not null;
        if (isPrevious) outcome = peer.PreviousIce!.Handle(message, from, nowUs, _stunAnswer, out length);
        if (outcome is IceOutcome.Ignored)
        {
            ChecksRefused++;
            budget.Failed(from, nowUs);
            return;
        }
        peer.HeardUs = nowUs;
        if (outcome is IceOutcome.AnswerAndMove && !isPrevious) Move(peer, from);
        if (peer.State is TransportState.Failed && peer.Dtls.State is DtlsState.Connected && peer.Ice.HasConsent(nowUs)) Change(peer, TransportState.Connected);
        _stunAnswer.AsSpan(0, length).CopyTo(NextSlot());
        // A check of another pair is answered where it came from, which need not be where media goes.
        var destination = peer.Destination is { } selected && selected.Address == from ? selected : new Destination(_socket.Family, from);
        _socket.Outgoing.Add(destination, length);
    }

    private void Move(ShardPeer peer, in TransportAddress to)
    {
        _socket.Flush();
        if (peer.Destination is { } destination)
        {
            _byAddress.Remove(destination.Address);
            destination.Move(to);
        }
        else peer.Destination = new Destination(_socket.Family, to);
        _byAddress[to] = peer;
        if (peer.State is TransportState.New) Change(peer, TransportState.Checked);
    }

    private bool TryFind(ReadOnlySpan<byte> username, out ShardPeer peer)
    {
        peer = null!;
        var fragment = IceLiteAgent.LocalFragment(username);
        if (fragment.Length is 0 or > 64) return false;
        Span<char> text = stackalloc char[64];
        return Encoding.ASCII.TryGetChars(fragment, text, out var length)
            && _byFragment.GetAlternateLookup<ReadOnlySpan<char>>().TryGetValue(text[..length], out peer!);
    }

    private void HandleDtls(ShardPeer peer, ReadOnlySpan<byte> datagram, long nowUs)
    {
        const byte Handshake = 22; // its content type (RFC 6347 §4.1)
        if (datagram[0] == Handshake) peer.Handshake.Heard(nowUs);
        _handshaking = peer;
        peer.Dtls.Handle(datagram, _sendDtls);
        while (peer.Dtls.Read(_applicationData, _sendDtls) > 0) { } // data channels are not served; alerts are met here
        if (peer.TryKey(_options.Aead)) Change(peer, TransportState.Connected);
        if (peer.Dtls.State is DtlsState.Failed && peer.State is not TransportState.Failed) Change(peer, TransportState.Failed);
        if (peer.Dtls.State is DtlsState.Closed && peer.State is not TransportState.Closed) Change(peer, TransportState.Closed);
    }

    private readonly DtlsSession.DatagramSink _sendDtls;

    private void SendDtls(ReadOnlySpan<byte> datagram)
    {
        if (_handshaking?.Destination is not { } destination) return;
        datagram.CopyTo(NextSlot());
        _socket.Outgoing.Add(destination, datagram.Length);
    }

    private void Change(ShardPeer peer, TransportState state)
    {
        peer.State = state;
        TransportChanged?.Invoke(peer.Id, state);
    }

    private Span<byte> NextSlot()
    {
        if (_socket.Outgoing.IsFull) _socket.Flush();
        return _socket.Outgoing.NextSlot;
    }

    Span<byte> IPacketSink.Reserve(int peer)
    {
        if (_reserved?.Id != peer) _reserved = _peers.GetValueOrDefault(peer);
        return NextSlot();
    }

    void IPacketSink.CommitRtp(int peer, int length)
    {
        if (_reserved is not { State: TransportState.Connected, Sender: { } sender, Destination: { } destination }) return;
        var sealedLength = sender.ProtectRtp(_socket.Outgoing.NextSlot, length);
        if (sealedLength <= 0) return;
        _socket.Statistics.SentOctets += sealedLength;
        _socket.Outgoing.Add(destination, sealedLength);
    }

    void IPacketSink.CommitRtcp(int peer, int length)
    {
        if (_reserved is not { State: TransportState.Connected, Sender: { } sender, Destination: { } destination }) return;
        var sealedLength = sender.ProtectRtcp(_socket.Outgoing.NextSlot, length);
        if (sealedLength > 0) _socket.Outgoing.Add(destination, sealedLength);
    }
}
