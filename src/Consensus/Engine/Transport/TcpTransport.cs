using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Logging;
using VideoScale.Consensus.Apply.Snapshots;
using VideoScale.Consensus.Core;
using VideoScale.Consensus.Engine.Ports;
using VideoScale.Platform;

namespace VideoScale.Consensus.Engine.Transport;

/// <summary>
/// Messages between replicas over TCP. To each member go two connections of their own, for appends and for everything else, so that
/// a heartbeat never waits behind an append; a snapshot gets a third for as long as it takes.
/// </summary>
public sealed class TcpTransport : ITransport
{
    private readonly TransportOptions _options;
    private readonly SnapshotStore _snapshots;
    private readonly TransportLog _log;
    private readonly Socket _listen;
    private readonly CancellationTokenSource _stop = new();
    private readonly ConcurrentDictionary<MemberId, Peer> _peers = new();
    private readonly ConcurrentDictionary<MemberId, Thread> _snapshotsUnderWay = new();
    private readonly StandAside _aside;
    private readonly Receivers _receivers;
    private ITransportListener? _listener;
    private Task _accepting = Task.CompletedTask;
    private Task _counting = Task.CompletedTask;

    private sealed record Peer(EndPoint Address, PeerSender Control, PeerSender Bulk);

    /// <summary>Binds at once, so that a port in use is known at the start.</summary>
    /// <param name="peers">Where the other members are; more can come with <see cref="SetPeer"/>.</param>
    public TcpTransport(TransportOptions options, SnapshotStore snapshots, IReadOnlyDictionary<MemberId, EndPoint> peers,
        ILogger<TcpTransport> logger)
    {
        _options = options;
        _snapshots = snapshots;
        _log = new TransportLog(logger, options.Self);
        _aside = new StandAside(_log);
        _receivers = new Receivers(options, snapshots, _aside, _log);
        Addresses = new ConcurrentDictionary<MemberId, EndPoint>(peers.Where(peer => peer.Key != options.Self));
        _listen = new Socket(options.Listen.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            _listen.Bind(options.Listen);
            _listen.Listen(64);
        }
        catch (SocketException e)
        {
            _listen.Dispose();
            throw new IOException($"cannot listen on {options.Listen} for other replicas: {e.Message}; "
                + (e.SocketErrorCode == SocketError.AddressNotAvailable ? "name an address of this machine"
                    : "choose another port or stop what holds it"), e);
        }
    }

    private ConcurrentDictionary<MemberId, EndPoint> Addresses { get; }

    public IPEndPoint LocalEndPoint => (IPEndPoint)_listen.LocalEndPoint!;

    public string? StandsAside => _aside.Why;

    public IReadOnlyList<string> Notices => _receivers.Notices;

    public void Start(ITransportListener listener)
    {
        _listener = listener;
        _aside.Start(listener);
        _receivers.Start(listener);
        foreach (var (member, address) in Addresses) Connect(member, address);
        _accepting = Task.Run(AcceptAsync);
        if (_options.Starts is { } starts)
            _counting = new StartCounter(_options, starts, () => [.. _peers.Values.Select(peer => peer.Control)], _log)
                .RunAsync(_stop.Token);
    }

    /// <summary>An address that is not host:port leaves the member unreachable, which the log says.</summary>
    public void SetPeer(MemberId member, string address)
    {
        if (HostAndPort.TryParse(address) is { } endPoint) SetPeer(member, endPoint);
        else _log.ConnectionFailed(member, Channel.Control, new ProtocolException($"its address \"{address}\" is not host:port"));
    }

    /// <summary>Adds a member, or says where it is now.</summary>
    public void SetPeer(MemberId member, EndPoint address)
    {
        if (member == _options.Self) return;
        Addresses[member] = address;
        if (_listener is not null) Connect(member, address);
    }

    /// <summary>Forgets a member that was removed; its connections end.</summary>
    public void RemovePeer(MemberId member)
    {
        Addresses.TryRemove(member, out _);
        if (_peers.TryRemove(member, out var peer)) _ = Task.Run(() => Close(peer)); // its threads may be in the middle of connecting
        _receivers.Drop(member);
    }

    public void Send(MemberId to, in Message message)
    {
        if (_aside.IsOn || !_peers.TryGetValue(to, out var peer)) return;
        (message.IsBulk ? peer.Bulk : peer.Control).Queue.Enqueue(message);
    }

    public void Flush()
    {
        foreach (var (_, peer) in _peers)
        {
            peer.Control.Queue.Flush();
            peer.Bulk.Queue.Flush();
        }
    }

    public void SendSnapshot(MemberId to, ulong term, ulong snapshotIndex)
    {
        if (_aside.IsOn || !Addresses.TryGetValue(to, out var address))
        {
            _listener!.OnSnapshotSent(to, snapshotIndex, ok: false);
            return;
        }
        var thread = new Thread(() =>
        {
            var ok = SnapshotTransfer.Send(_options, _snapshots, _log, address, to, term, snapshotIndex, _stop.Token);
            _snapshotsUnderWay.TryRemove(to, out _); // first: the listener may ask for the next one at once
            if (!_stop.IsCancellationRequested) _listener!.OnSnapshotSent(to, snapshotIndex, ok);
        })
        { IsBackground = true, Name = "raft-send-snapshot" };
        if (_snapshotsUnderWay.TryAdd(to, thread)) thread.Start();
    }

    /// <summary>Both connections to the member stand.</summary>
    public bool IsConnected(MemberId member) =>
        _peers.TryGetValue(member, out var peer) && peer.Control.IsConnected && peer.Bulk.IsConnected;

    /// <summary>Messages to this member that were dropped because its queue was full or it was not connected.</summary>
    public long Dropped(MemberId member) =>
        _peers.TryGetValue(member, out var peer) ? peer.Control.Queue.Dropped + peer.Bulk.Queue.Dropped : 0;

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listen.Dispose();
        await _accepting;
        await _counting;
        await Task.Run(() =>
        {
            foreach (var (_, peer) in _peers) Close(peer);
            _receivers.Stop();
            foreach (var (_, thread) in _snapshotsUnderWay) thread.Join();
        });
        _stop.Dispose();
    }

    private void Connect(MemberId member, EndPoint address)
    {
        if (_peers.TryGetValue(member, out var old))
        {
            if (old.Address.Equals(address)) return;
            _ = Task.Run(() => Close(old));
        }
        _peers[member] = new Peer(address,
            new PeerSender(_options, member, address, Channel.Control, _aside, _log, _listener!),
            new PeerSender(_options, member, address, Channel.Bulk, _aside, _log, _listener!));
    }

    private static void Close(Peer peer)
    {
        peer.Control.Dispose();
        peer.Bulk.Dispose();
    }

    private async Task AcceptAsync()
    {
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                var socket = await _listen.AcceptAsync(_stop.Token);
                _receivers.Take(socket, Addresses.ContainsKey);
            }
            catch (Exception e) when (e is OperationCanceledException or ObjectDisposedException) { return; }
            catch (SocketException) { await Task.Delay(_options.MinBackoffMs); } // out of handles, or the caller went before it was met
        }
    }
}
